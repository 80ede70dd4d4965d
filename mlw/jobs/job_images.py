"""Images of the environments of jobs: the runner's port `Environments`."""

from __future__ import annotations

from dataclasses import dataclass

from infra import service_images
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.ports import LogSink

BASE = "python"
"""Row of the base image in the table of images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobImages:
    """Images of one workspace."""

    def image_of(self, job: CommandJob, note: LogSink) -> str:
        """Reference of an image that the engine has."""
        image = service_images.table()[BASE].image
        if job.environment:
            note.note(f"environment {job.environment!r} runs in '{image}'")
        return image
