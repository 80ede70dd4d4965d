"""Images of the environments of jobs: the runner's port `Environments`."""

from __future__ import annotations

from dataclasses import dataclass

from infra.clients.engine.docker_engine import connect
from infra.errors import EngineError
from mlw.environments.image_of import EnvironmentAccess, image_of
from mlw.jobs.command_jobs import CommandJob
from mlw.jobs.job_errors import JobError
from mlw.jobs.ports import LogSink

_PULL_SECONDS = 600.0


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
            EngineError: The engine cannot pull the image.
        """
        if not job.environment:
            raise JobError(
                f"preparing job '{job.name}': it has no environment. Set `environment`, e.g. to "
                "azureml:sklearn-1.5@latest, to `image: python:3.11`, or to an image with a conda file."
            )
        found = image_of(job.environment, self.access, log=log.note)
        for notice in found.notices:
            log.note(notice)
        self._pull(found.reference, log, is_ours=bool(found.digest))
        return found.reference

    def _pull(self, reference: str, log: LogSink, *, is_ours: bool) -> None:
        import docker  # noqa: PLC0415 - as in infra.clients

        held = self.access.registry.credentials
        login = {"username": held["username"], "password": held["password"]} if is_ours else None
        with connect(timeout_seconds=_PULL_SECONDS) as client:
            try:
                client.images.get(reference)
            except docker.errors.ImageNotFound:
                log.note(f"pulling '{reference}'")
                try:
                    client.api.pull(reference, auth_config=login)
                except docker.errors.APIError as exc:
                    raise EngineError(
                        f"pulling image '{reference}': the engine returned an error ({exc.explanation or exc}). Check "
                        "the name, and that the engine can reach its registry."
                    ) from exc
