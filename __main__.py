"""Entry of the Pulumi program; a folder in `main:` would become the working directory (docs/adr/0001)."""

import atexit
import gc

# A run lasts seconds. Looking for garbage would be a quarter of the program's own time, the most of it after its end:
# the interpreter's last look leaves out what is frozen.
gc.disable()
atexit.register(gc.freeze)

from infra.entry_point import main  # noqa: E402 - from here on

main()
