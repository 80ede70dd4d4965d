"""Writes `docs/cli.md` from the table of commands; `python -m tools.docs.mlw_reference` brings it up to date.

A test compares the file with what this makes, so that the document can't say anything else than `mlw --help` does.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from mlw.command import Command
from mlw.command_table import COMMANDS
from mlw.parser import shown, usage

FILE = Path(__file__).parents[2] / "docs" / "cli.md"
WIDTH = 120

_HEAD = """# mlw

Made by `python -m tools.docs.mlw_reference` from the table of commands; do not edit.

`mlw` is on PATH after `eval "$(make -s env)"`. It works on the state backend and the engine that this sets, or that you
set yourself (`PULUMI_BACKEND_URL`, `PULUMI_CONFIG_PASSPHRASE` or `PULUMI_CONFIG_PASSPHRASE_FILE`, `DOCKER_HOST`); stack
files are those of the project that the working directory lies in. Results go to standard output, messages to standard
error. An error is one message, never a traceback. Exit code 2 also means a wrong command line, 130 an interruption.

| Command | What it does |
|---|---|
"""


def render() -> str:
    """The whole document."""
    rows = [f"| [`mlw {' '.join(command.path)}`](#{_anchor(command)}) | {command.summary} |\n" for command in COMMANDS]
    return "".join([_HEAD, *rows, *(_section(command) for command in COMMANDS)])


def _section(command: Command) -> str:
    arguments = [f"- `{shown(a)}`: {a.help}.\n" for a in command.arguments]
    codes = [f"| {code} | {meaning} |\n" for code, meaning in command.exit_codes.items()]
    sections = [
        f"\n## mlw {' '.join(command.path)}\n\n",
        f"```\n{usage(command)}\n```\n\n{_wrapped(command.details)}\n",
        *(["\n", *arguments] if arguments else []),
        "\n| Exit code | Meaning |\n|---|---|\n",
        *codes,
    ]
    return "".join(sections)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, width=WIDTH, break_long_words=False, break_on_hyphens=False)


def _anchor(command: Command) -> str:
    return "-".join(["mlw", *command.path])


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(render(), encoding="utf-8")
