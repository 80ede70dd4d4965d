"""Errors of pipelines."""

from __future__ import annotations

from collections.abc import Sequence

from infra.errors import MlWorkspaceError


class PipelineError(MlWorkspaceError):
    """A pipeline cannot run; the message lists everything that is wrong with it.

    Attributes:
        problems: What is wrong, one line each.
    """

    def __init__(self, doing: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join((f"{doing}: nothing was started.", *(f"  - {one}" for one in self.problems))))


class StepError(MlWorkspaceError):
    """Something in the document of one step is wrong; becomes a line of :class:`PipelineError`."""
