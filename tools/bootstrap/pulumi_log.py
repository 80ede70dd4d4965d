"""Turn off Pulumi's automatic log, which stores a debug log of every run in `PULUMI_HOME/logs`, up to 500 MB.

It costs a tenth of the CPU time of a run, and no option turns it off. Pulumi runs without it if it cannot create the
folder, because a file has its name. `pulumi up -v=9 --logtostderr` still shows the log.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra.host import atomic_files, folders
from tools.bootstrap.artefacts import DISCARDED

NOTE = "This file turns off Pulumi's automatic log of every run.\n"


def is_off() -> bool:
    """Whether no run writes the log."""
    return _place().is_file()


def turn_off() -> None:
    """Replace the folder of the logs by a file; the old logs are moved to a discarded folder of the cache."""
    place = _place()
    if place.is_dir():
        place.rename(Path(tempfile.mkdtemp(prefix=DISCARDED, dir=folders.cache())) / place.name)
    atomic_files.write(place, NOTE)


def _place() -> Path:
    return folders.pulumi_home() / "logs"
