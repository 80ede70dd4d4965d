"""The steps of the bootstrap, in order, and how they are run.

A step knows whether its result is there and how to make it. When everything is there nothing is locked and nothing is
printed but one line; otherwise the missing ones are made one after another, under the lock, each looked at once more
first: another run may just have made it.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from infra.host import folders
from tools.bootstrap import (
    artefacts,
    bootstrap_lock,
    engine_setup,
    images,
    pulumi_tools,
    python_env,
    state_folder,
)
from tools.bootstrap.progress import Report, StepProgress, elapsed, say

DISCARDED = ".discarded-"
NEEDS = {"tools": ("state", "python")}
"""What a group is of no use without: the tools are fetched with the environment's pip and run on the state."""


@dataclass(frozen=True)
class Step:
    """Something that has to be there."""

    group: str
    """The command that makes it alone."""
    title: str
    is_present: Callable[[], bool]
    """Cheap: asked at every `make`."""
    make: Callable[[Report], str]
    """Makes it and says how."""


def all_steps() -> list[Step]:
    """Every step, in the order in which they need each other."""
    return [
        Step("state", "State folder and passphrase", state_folder.is_present, lambda _: state_folder.ensure()),
        # Before the tools: the Go toolchain is fetched by the environment's pip.
        Step("python", "Python environment", python_env.is_present, python_env.ensure),
        Step("engine", "Docker engine", engine_setup.is_present, engine_setup.ensure),
        *(
            Step(
                "tools",
                f"{tool.title} {tool.version}",
                partial(pulumi_tools.is_present, tool),
                partial(pulumi_tools.ensure, tool),
            )
            for tool in pulumi_tools.all_tools()
        ),
        Step("images", "Images of the services", lambda: not images.missing(), _make_images),
    ]


def run(steps: Sequence[Step], *, out: Report = say) -> None:
    """Make what is missing."""
    began = time.monotonic()
    if all(step.is_present() for step in steps):
        out(f"bootstrap: everything is there ({elapsed(time.monotonic() - began)})")
        return
    with bootstrap_lock.exclusive(out=out):
        artefacts.sweep()
        for number, step in enumerate(steps, 1):
            _run_one(step, StepProgress(number, len(steps), step.title, out=out))
    out(f"bootstrap: ready after {elapsed(time.monotonic() - began)}")


def clear_build_caches() -> None:
    """Remove what only building needs: gigabytes in a hundred thousand files, so nobody is made to wait for it."""
    if folders.build().exists():
        # Another run may be building in it; it then removes the caches itself, at its end.
        with bootstrap_lock.if_free() as free:
            if free and folders.build().exists():
                folders.build().rename(tempfile.mkdtemp(prefix=DISCARDED, dir=folders.cache()))
    # What an earlier removal did not finish, because the machine was switched off, goes too.
    if discarded := list(folders.cache().glob(f"{DISCARDED}*")):
        in_background = 'nice rm -rf -- "$@" >/dev/null 2>&1 &'
        subprocess.run(["/bin/sh", "-c", in_background, "sh", *discarded], stdin=subprocess.DEVNULL, check=False)


def of_group(group: str) -> list[Step]:
    """The steps of one group and of what it needs."""
    wanted = {group, *NEEDS.get(group, ())}
    return [step for step in all_steps() if step.group in wanted]


def _run_one(step: Step, progress: StepProgress) -> None:
    if step.is_present():
        progress.done("there")
        return
    progress.report("missing")
    with progress.signs_of_life():
        how = step.make(progress.report)
    progress.done(how)


def _make_images(report: Report) -> str:
    made = images.ensure(mirror=None, report=report)
    return f"made {', '.join(made)}" if made else "there"
