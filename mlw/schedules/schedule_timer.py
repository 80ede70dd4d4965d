"""What runs `mlw schedule run` every minute."""

from __future__ import annotations

from mlw.printed_timers import PrintedTimer


def timer_of(stack: str, principal: str | None) -> PrintedTimer:
    """The timer of a stack's schedules, with the rights of the stack or of a principal."""
    return PrintedTimer(
        words=("schedule", "run", stack, *(("--principal", principal) if principal else ())),
        unit=f"mlw-schedules-{stack}",
        purpose=f"Submits the due jobs of the schedules of stack '{stack}' every minute.",
        service=f"Submit due jobs of ML workspace {stack}",
        timer=f"Submit due jobs of ML workspace {stack} every minute",
        calendar="minutely",
        cron="* * * * *",
    )
