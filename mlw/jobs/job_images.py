"""Images of the environments of jobs: the runner's port `Environments`."""

from __future__ import annotations

from dataclasses import dataclass

from infra.clients.engine import image_pulls
from mlw.environments.image_of import EnvironmentAccess, image_of
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_errors import JobError
from mlw.jobs.ports import LogSink


@dataclass(frozen=True, kw_only=True, slots=True)
class JobImages:
    """Images of one workspace.

    Attributes:
        access: Its registry, with a login that can push, and its environments.
    """

    access: EnvironmentAccess

    def image_of(self, job: CommandJob, log: LogSink) -> str:
        """Reference of an image that the engine has; it is built or pulled if it is missing.

        Raises:
            JobError: The job names no environment.
            ImageMissingError: The engine cannot pull the image.
        """
        if not job.environment:
            raise JobError(
                f"preparing job '{job.name}': it has no environment. Set `environment`, e.g. to "
                "azureml://registries/azureml/environments/sklearn-1.5/labels/latest, to `image: python:3.11`, or to "
                "an image with a conda file."
            )
        found = image_of(job.environment, self.access, log=log.note)
        for notice in found.notices:
            log.note(notice)
        registry = self.access.registry
        is_ours = found.reference.startswith(f"{registry.endpoint.partition('://')[2]}/")
        if image_pulls.provide(found.reference, registry.credentials if is_ours else None):
            log.note(f"pulled '{found.reference}'")
        return found.reference
