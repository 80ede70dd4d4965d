"""Schedules: when each of them is due, and what it submitted last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlw.schedules.instance_schedules import merged
from mlw.schedules.schedule_documents import ScheduleState, trigger_text
from mlw.studio.job_section import StackJobs, with_jobs
from mlw.studio.panel import Group, Panel, PanelRequest


def load(request: PanelRequest, workspace: StackJobs) -> Mapping[str, Any]:
    """List the schedules."""
    records = workspace.schedules
    states = [ScheduleState(one, records.position(one.name)[0]) for one in merged(records.all(), workspace.computes)]
    return {"schedules": [_row(one, request.now) for one in states]}


def _row(state: ScheduleState, now: datetime) -> dict[str, Any]:
    following = state.following
    return {
        "schedule": state.schedule,
        "position": state.position,
        "trigger": trigger_text(state.schedule.trigger),
        "zone": str(state.schedule.trigger.get("time_zone") or "UTC"),
        "following": following,
        "is_late": bool(following and (now - following).total_seconds() > LATE_SECONDS),
    }


LATE_SECONDS = 120
"""A timer that runs every minute has submitted it by then."""

PANEL = Panel(
    key="schedules",
    title="Schedules",
    about="Jobs that are submitted at certain times, by whatever runs `mlw schedule run`.",
    group=Group.JOBS,
    icon="clock",
    template="schedules.html",
    load=with_jobs(load),
)
