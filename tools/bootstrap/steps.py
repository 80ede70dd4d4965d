"""The steps of the bootstrap, in order, and how they are run.

A step knows whether its result is there and how to make it. When everything is there, nothing is locked and one line
is printed. Otherwise the missing steps run one after another under the lock; each is checked again first, since another
run may just have finished it.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from infra.host import folders
from tools.bootstrap import (
    artefacts,
    azure_packages,
    bootstrap_lock,
    engine_setup,
    fetching_ahead,
    images,
    npm_files,
    pulumi_tools,
    python_env,
    sources,
    state_folder,
)
from tools.bootstrap.fetching_ahead import Program
from tools.bootstrap.progress import Report, StepProgress, elapsed, say
from tools.bootstrap.remaining_time import RemainingTime
from tools.bootstrap.versions import Tool

NEEDS = {"tools": ("state", "python"), "azure": ("python",)}
"""Groups that a group needs: other packages come by the environment's pip, and the tools run on the state."""


@dataclass(frozen=True)
class Step:
    """Something that the machine needs."""

    group: str
    """The command that runs only this step."""
    title: str
    is_present: Callable[[], bool]
    """Called at every `make`, so it has to be fast."""
    make: Callable[[StepProgress], str]
    """Does it and returns how."""
    jobs: Callable[[], Iterable[str]] = tuple
    """What it still has to do, as rows of :data:`tools.bootstrap.remaining_time.SECONDS`."""
    programs: Callable[[], Iterable[Program]] = tuple
    """What it builds unless a network delivers it."""


def all_steps() -> list[Step]:
    """Every step, in the order in which they need each other."""
    return [
        Step("state", "State folder and passphrase", state_folder.is_present, lambda _: state_folder.ensure()),
        # Before the tools: the Go toolchain is fetched by the environment's pip.
        _estimated("python", "Python environment", python_env.is_present, python_env.ensure),
        _estimated("engine", "Docker engine", engine_setup.is_present, engine_setup.ensure),
        *(_tool(tool) for tool in pulumi_tools.all_tools()),
        Step("images", "Images of the services", _images_are_present, _make_images, images.jobs, images.programs),
        _small("azure", "Reader of Azure's YAML", azure_packages.is_settled, azure_packages.ensure),
        _small("studio", "Assets of the studio", npm_files.studio_is_settled, npm_files.ensure_studio),
    ]


def test_steps() -> list[Step]:
    """What only tests need."""
    return [_small("browser", "Browser for tests", npm_files.browser_is_present, npm_files.ensure_browser)]


def _small(group: str, title: str, is_present: Callable[[], bool], make: Callable[[Report], str]) -> Step:
    """A step that takes too little time to be estimated."""
    return Step(group, title, is_present, lambda progress: make(progress.report))


def _tool(tool: Tool) -> Step:
    is_present, make = partial(pulumi_tools.is_present, tool), partial(pulumi_tools.ensure, tool)
    step = _estimated(tool.name, f"{tool.title} {tool.version}", is_present, make)
    return replace(step, group="tools", programs=partial(sources.programs, tool))


def _estimated(job: str, title: str, is_present: Callable[[], bool], make: Callable[[Report], str]) -> Step:
    """A step whose duration is estimated as a whole."""

    def make_it(progress: StepProgress) -> str:
        progress.remaining.begin(job)
        how = make(progress.report)
        progress.remaining.end(job, built=how == sources.BUILT)
        return how

    return Step(job, title, is_present, make_it, lambda: (job,))


def run(steps: Sequence[Step], *, out: Report = say) -> None:
    """Make what is missing."""
    began = time.monotonic()
    if all(step.is_present() for step in steps):
        out(f"bootstrap: everything is there ({elapsed(time.monotonic() - began)})")
        return
    with bootstrap_lock.exclusive(out=out):
        artefacts.sweep()
        _make_missing(steps, out)
    out(f"bootstrap: ready after {elapsed(time.monotonic() - began)}")


def _make_missing(steps: Sequence[Step], out: Report) -> None:
    remaining = RemainingTime(job for step in steps if not step.is_present() for job in step.jobs())
    with ExitStack() as background:
        fetches = False
        for number, step in enumerate(steps, 1):
            how = _run_one(step, StepProgress(number, len(steps), step.title, out=out, remaining=remaining))
            if how == sources.BUILT and not fetches:  # then the network will not deliver the rest either
                later = [program for one in steps[number:] if not one.is_present() for program in one.programs()]
                background.enter_context(fetching_ahead.fetching(later))
                fetches = True


def clear_build_caches() -> None:
    """Remove what only builds need, in the background: gigabytes in a hundred thousand files."""
    if folders.build().exists():
        # Another run may be using them; it removes them when it has finished.
        with bootstrap_lock.if_free() as free:
            if free and folders.build().exists():
                folders.build().rename(tempfile.mkdtemp(prefix=artefacts.DISCARDED, dir=folders.cache()))
    # Also what an earlier removal did not finish, because the machine was switched off.
    if discarded := list(folders.cache().glob(f"{artefacts.DISCARDED}*")):
        in_background = 'nice rm -rf -- "$@" >/dev/null 2>&1 &'
        subprocess.run(["/bin/sh", "-c", in_background, "sh", *discarded], stdin=subprocess.DEVNULL, check=False)


def of_group(group: str) -> list[Step]:
    """The steps of one group and of what it needs."""
    wanted = {group, *NEEDS.get(group, ())}
    return [step for step in (*all_steps(), *test_steps()) if step.group in wanted]


def _run_one(step: Step, progress: StepProgress) -> str:
    if step.is_present():
        progress.done("there")
        return ""
    progress.report("missing")
    with progress.signs_of_life():
        how = step.make(progress)
    progress.done(how)
    return how


def _images_are_present() -> bool:
    return engine_setup.is_present() and not images.missing()


def _make_images(progress: StepProgress) -> str:
    made = images.ensure(mirror=None, report=progress.report, remaining=progress.remaining)
    return f"made {', '.join(made)}" if made else "there"
