"""Writes every generated page of `docs/`: `python -m tools.docs`."""

from tools.docs import pages

if __name__ == "__main__":
    for file in pages.write():
        print(f"written: {file}")
