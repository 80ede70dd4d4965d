"""What an engine run did, read from the event stream of ``pulumi ... --json``."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.processes import Finished

UNCHANGED = frozenset({"same", "read"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One resource and what was done (or would be done) to it."""

    operation: str
    urn: str
    resource_type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What the resource was asked to be, where the output tells (a preview does)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """A finished preview, update, refresh or destroy."""

    finished: Finished
    steps: tuple[Step, ...]
    messages: tuple[str, ...] = ()
    """Everything of weight that the engine said: warnings, errors, and what the program itself wrote."""

    @property
    def operations(self) -> Counter[str]:
        """Return how many resources each operation was done to."""
        return Counter(step.operation for step in self.steps)

    def check(self) -> "Update":
        """Fail with what the engine said when the run did not succeed; its debugging lines are left out."""
        if self.finished.exit_code != 0:
            said = "".join(self.messages) or self.finished.stdout
            replace(self.finished, stdout=said).check()
        return self


def read_events(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects of a stream: one object per line, or one indented object as ``preview`` prints it."""
    decoder, events, position = json.JSONDecoder(), [], 0
    while (position := text.find("{", position)) >= 0:
        event, position = decoder.raw_decode(text, position)
        events.append(event)
    return events


def read_update(finished: Finished) -> Update:
    """Read the steps out of the output of a command that ran with ``--json``."""
    steps: list[Step] = []
    messages: list[str] = []
    for event in read_events(finished.stdout):
        steps.extend(_step(raw) for raw in event.get("steps", ()))
        # The planned operation of a refresh is always "refresh"; the later event has the result.
        for kind in ("resOutputsEvent", "resOpFailedEvent"):
            if kind in event:
                steps.append(_step(event[kind]["metadata"]))
        spoken = event.get("diagnosticEvent") or {"severity": "debug"}
        if spoken["severity"] != "debug":
            messages.append(spoken["prefix"] + spoken["message"])
    return Update(finished=finished, steps=tuple(steps), messages=tuple(messages))


def _step(raw: dict[str, Any]) -> Step:
    urn = raw["urn"]
    inputs = (raw.get("newState") or {}).get("inputs") or {}
    return Step(operation=raw["op"], urn=urn, resource_type=urn.split("::")[2].rpartition("$")[2], inputs=inputs)


def assert_unchanged(update: Update) -> None:
    """Fail and name every resource that was, or would be, touched."""
    update.check()
    touched = [f"{step.operation} {step.urn}" for step in update.steps if step.operation not in UNCHANGED]
    assert update.steps, f"no steps in the output of {' '.join(update.finished.command)}"
    assert not touched, f"expected no changes, got: {touched}"


def assert_updated_in_place(update: Update) -> None:
    """Fail unless something was updated, and nothing was created, deleted or replaced."""
    update.check()
    others = [f"{step.operation} {step.urn}" for step in update.steps if step.operation not in {*UNCHANGED, "update"}]
    assert not others, f"expected updates in place only, got: {others}"
    assert update.operations["update"] > 0, f"nothing was updated: {dict(update.operations)}"
