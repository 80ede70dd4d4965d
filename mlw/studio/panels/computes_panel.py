"""Computes: clusters with the jobs that wait and run on them, and compute instances with their state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from infra.rules.roles.role_operations import COMPUTES_READ
from mlw.computes.instances import instances_of
from mlw.computes.workspace_computes import computes_of
from mlw.studio.job_section import StackJobs, with_jobs
from mlw.studio.panel import Group, Panel, PanelRequest


def load(request: PanelRequest, workspace: StackJobs) -> Mapping[str, Any]:
    """List computes and instances; the roles of a principal decide, as for `mlw compute list`."""
    access = request.access
    if access.principal:
        # It loads all rules of settings, 13 MB, which no other panel needs.
        from mlw.roles.principal_rights import require_operation  # noqa: PLC0415

        require_operation(access.stack.name, access.principal, COMPUTES_READ, "listing computes")
    unfinished = Counter(entry.compute for entry in workspace.jobs.queue())
    return {
        "clusters": [(one, unfinished[one.name]) for one in computes_of(access.stack)],
        "instances": instances_of(access.stack),
    }


PANEL = Panel(
    key="computes",
    title="Computes",
    about="Where jobs run, and the compute instances with their notebooks.",
    group=Group.JOBS,
    icon="gauge",
    template="computes.html",
    load=with_jobs(load),
)
