"""Images of the environments of jobs: the runner's port `Environments`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.clients.engine import docker_engine, image_pulls
from infra.clients.engine.docker_engine import Connect
from infra.clients.registry import image_rights
from infra.clients.service_connection import ServiceConnection
from mlw.environments.image_of import EnvironmentAccess, image_of
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_errors import ComputeRightsError, JobError
from mlw.jobs.ports import LogSink


@dataclass(frozen=True, kw_only=True, slots=True)
class JobImages:
    """Images of one workspace.

    Attributes:
        access: Its registry, with a login that can push, and its environments: the workspace builds images.
        login_of: The registry with the login of a job's compute, which pulls them.
        connect_of: Connects to the engine of a job's compute.
    """

    access: EnvironmentAccess
    login_of: Callable[[CommandJob], ServiceConnection]
    connect_of: Callable[[CommandJob], Connect] = lambda _job: docker_engine.connect

    def image_of(self, job: CommandJob, log: LogSink) -> str:
        """Reference of an image that the engine has; it is built or pulled if it is missing.

        Raises:
            JobError: The job names no environment.
            ImageMissingError: The engine cannot pull the image.
            ComputeRightsError: The compute may not.
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
        host, _, image = found.reference.partition("/")
        is_ours = host == self.access.registry.endpoint.partition("://")[2]
        reference, login = (found.reference, None) if not is_ours else self._as_compute(job, image)
        if image_pulls.provide(reference, login, connect=self.connect_of(job)):
            log.note(f"pulled '{reference}'")
        return reference

    def _as_compute(self, job: CommandJob, image: str) -> tuple[str, Mapping[str, str]]:
        """How the compute of a job pulls an image of the workspace, and its login."""
        registry = self.login_of(job)
        if not image_rights.may_pull(registry, image):
            raise ComputeRightsError(
                f"pulling the image of job '{job.name}': the registry does not allow it to the principal of compute "
                f"'{job.compute}', which is the identity of its jobs. `mlw roles list` shows the rights of its role."
            )
        return f"{registry.endpoint.partition('://')[2]}/{image}", registry.credentials
