"""Notes in the ledger what containers used that no state has: those of jobs, and of online deployments.

A job is noted once, when it has ended, before its container is removed. A deployment is noted whenever the engine is
asked what runs, and when `mlw` removes one of its containers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra import labels
from mlw.activity.events import in_rfc3339
from mlw.cost import usage_ledger
from mlw.cost.usage_ledger import RunningState

if TYPE_CHECKING:
    from mlw.jobs.command_jobs import CommandJob
    from mlw.jobs.ports import ContainerState

_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class JobUsage:
    """Notes the jobs of one stack.

    Attributes:
        stack: Its name.
        stack_id: Its identity.
        workspace_id: Id of its workspace.
    """

    stack: str
    stack_id: str
    workspace_id: str

    def note(self, job: CommandJob, container: ContainerState) -> None:
        """Note a job whose container has ended; one that never ran, or is noted already, changes nothing."""
        if not container.started_at or not container.ended_at:
            return
        run = {"started": container.started_at, "seen": container.ended_at, "finished": container.ended_at}
        usage_ledger.note_outside(
            self.stack_id,
            f"job {job.name}",
            {
                "name": job.name,
                "job": job.root or job.parent or job.name,
                "resourceId": f"{self.workspace_id}/computes/{job.compute}",
                "cpus": container.cpus or None,
                "memoryMiB": container.memory_mib or None,
                "created": container.started_at,
                "runs": [run],
                "removed": container.ended_at,
            },
            of=(self.stack, self.workspace_id),
        )


def is_of_deployment(given: Mapping[str, str]) -> bool:
    """Whether a container with these labels is one of an online deployment."""
    return labels.ONLINE_ENDPOINT in given


def deployment(details: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a deployment's container in the ledger, from what the engine says of it."""
    given, host = details["Config"]["Labels"] or {}, details["HostConfig"]
    return {
        "name": str(details["Name"]).lstrip("/"),
        "resourceId": f"{given.get(labels.RESOURCE_ID, '')}/{given[labels.ONLINE_ENDPOINT]}",
        "cpus": host["NanoCpus"] / _NANO if host.get("NanoCpus") else None,
        "memoryMiB": int(host.get("Memory") or 0) >> 20 or None,
        "created": str(details["Created"]),
        "runs": [],
        "removed": "",
    }


def note_removal(stack_id: str, details: Mapping[str, Any]) -> None:
    """Note that a container of a deployment is being removed.

    Args:
        stack_id: Identity of its stack.
        details: What the engine says of it.
    """
    given = details["Config"]["Labels"] or {}
    if not is_of_deployment(given):
        return
    now, state = datetime.now(UTC), details["State"]
    moment = in_rfc3339(now)
    finished = moment if state.get("Running") else str(state.get("FinishedAt") or moment)
    ran = RunningState(running=False, started=usage_ledger.moment_of_engine(state.get("StartedAt")), finished=finished)
    workspace_id = str(given.get(labels.RESOURCE_ID, "")).rpartition("/")[0]
    of = (str(given.get(labels.STACK, "")), workspace_id)
    usage_ledger.note_outside(stack_id, str(details["Id"]), deployment(details), of=of, state=ran, at=now)
