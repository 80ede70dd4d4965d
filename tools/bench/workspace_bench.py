"""`make bench`: measure a workspace and the same containers started with plain docker, in one run.

Uses a temporary stack in its own home, several rounds, and medians. The table shows targets, but missing one is not a
failure, because absolute times depend on the machine. The result is stored as JSON in `build/bench/`.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import shutil
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from infra import labels
from infra.clients.engine import container_usage
from infra.host import atomic_files, project
from mlw.lifecycle import (
    down,
    engine_objects,
    identity_lookup,
    private_stack_file,
    pulumi_cli,
    stack_locks,
    state_files,
)
from mlw.lifecycle import stack_context as contexts
from mlw.lifecycle.display import INDENT, Progress
from mlw.lifecycle.display import show as say
from mlw.lifecycle.lifecycle_errors import OperationFailedError
from mlw.lifecycle.object_comparison import EngineObject
from mlw.lifecycle.pulumi_operations import ensure_stack
from mlw.lifecycle.stack_context import Context
from mlw.output import table
from tools.bench import plain_docker, rules_bench
from tools.bench.run_phases import PHASES, RunPhases

STACK = "bench"
MEBIBYTE = 1024 * 1024
TARGETS: Mapping[str, tuple[str, str, float]] = {
    "up": ("up to ready", "s", 8.0),
    "noop": ("up without changes", "s", 3.0),
    "destroy": ("destroy", "s", 6.0),
    "memory": ("idle memory", "MiB", 200.0),
    "policies": ("share of the policy pack", "s", 1.0),
    "rules": ("check of a large stack", "s", 0.3),
}
"""Measure to its title, unit and target."""


@dataclass
class Samples:
    """All measurements, by measure."""

    workspace: dict[str, list[float]] = field(default_factory=dict)
    docker: dict[str, list[float]] = field(default_factory=dict)
    phases: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    """Seconds of each phase of a run, by measure."""

    def add(self, measure: str, value: float) -> None:
        """Add a measurement of the workspace."""
        self.workspace.setdefault(measure, []).append(round(value, 3))

    def add_plain(self, measure: str, value: float) -> None:
        """Add a measurement of plain docker."""
        self.docker.setdefault(measure, []).append(round(value, 3))

    def add_phases(self, measure: str, seconds: Mapping[str, float]) -> None:
        """Add the phases of a run of the workspace, and the whole run."""
        self.phases.setdefault(measure, []).append({phase: round(value, 3) for phase, value in seconds.items()})
        self.add(measure, sum(seconds.values()))

    def rows(self) -> list[dict[str, Any]]:
        """Medians of both, with ratio and target."""
        rows = []
        for measure, (words, unit, target) in TARGETS.items():
            if measure not in self.workspace:
                continue
            median = statistics.median(self.workspace[measure])
            plain = statistics.median(self.docker[measure]) if measure in self.docker else None
            rows.append(
                {
                    "measure": words,
                    "unit": unit,
                    "median": round(median, 2),
                    "plain_docker": None if plain is None else round(plain, 2),
                    "ratio": None if not plain else round(median / plain, 2),
                    "target": target,
                    "met": median <= target,
                }
            )
        return rows


def as_table(rows: list[dict[str, Any]]) -> str:
    """Format the rows as a table."""
    lines = []
    for row in rows:
        unit = row["unit"]
        plain = "-" if row["plain_docker"] is None else f"{_rounded(row['plain_docker'])} {unit}"
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.1f}"
        met = "met" if row["met"] else "missed"
        lines.append(
            (row["measure"], f"{_rounded(row['median'])} {unit}", plain, ratio, f"{row['target']:g} {unit}", met)
        )
    return table(("measure", "workspace", "plain docker", "ratio", "target", ""), lines, indent=INDENT)


def phases_table(phases: Mapping[str, list[dict[str, float]]]) -> str:
    """Format the medians of the phases of runs as a table, a column for each measure."""
    lines = [
        (words, *(f"{statistics.median(run[phase] for run in runs):.2f} s" for runs in phases.values()))
        for phase, words in PHASES.items()
    ]
    return table(("phase", *(TARGETS[measure][0] for measure in phases)), lines, indent=INDENT)


def _rounded(value: float) -> str:
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def bench(model: Context, rounds: int) -> None:
    """Measure, print the table, and store the numbers.

    Args:
        model: The stack whose configuration is used; it is not changed.
        rounds: Number of rounds; the table shows medians.
    """
    model.require_stack_file()
    samples, load = Samples(), os.getloadavg()[0]
    with throw_away_stack(model) as context:
        for number in range(1, rounds + 1):
            say(f"Round {number} of {rounds} ...")
            _one_round(context, samples)
    rows = samples.rows()
    path = _keep(rows, samples, rounds=rounds, load=load)
    machine = f"{os.cpu_count()} cores, load {load:.1f} before the first round"
    say(f"\nMedians of {rounds} round(s) on {machine}:\n\n{as_table(rows)}\n\n{phases_table(samples.phases)}\n")
    say(f"Stored in {path}.")


def _one_round(context: Context, samples: Samples) -> None:
    samples.add_phases("up", timed(context, "up"))
    with_pack = timed(context, "up")
    samples.add_phases("noop", with_pack)
    without = timed(_without_policies(context), "up")
    samples.add("policies", max(0.0, sum(with_pack.values()) - sum(without.values())))
    containers = [item for item in engine_objects.list_objects(context) if item.kind == "container"]
    samples.add("rules", rules_bench.check_seconds())
    samples.add("memory", _memory_mib(containers))
    prefix = f"{STACK}-plain-{secrets.token_hex(3)}-"
    recipes = plain_docker.take_recipes(containers, prefix=prefix)
    stack_id = identity_lookup.find(context) or ""
    samples.add("destroy", sum(timed(context, "destroy").values()))
    identity = {labels.ID: stack_id, labels.RESOURCE_ID: prefix, labels.STACK: context.stack}
    try:
        samples.add_plain("up", plain_docker.start(recipes, prefix=prefix, identity=identity))
        samples.add_plain("destroy", plain_docker.stop(recipes, prefix=prefix))
    finally:
        engine_objects.remove(engine_objects.list_objects(context, stack_id))


def timed(context: Context, verb: str) -> dict[str, float]:
    """Run a command; the result is the seconds of each phase of it."""
    checkpoint = state_files.read(context)
    private_stack_file.write_private_copy(context, checkpoint.salt if checkpoint else None)
    progress, phases = Progress(stream=(shown := StringIO())), RunPhases()
    arguments = pulumi_cli.operation(verb, context)

    def on_event(event: Mapping[str, Any]) -> None:
        phases.on_event(event)
        progress.on_event(event)

    outcome = pulumi_cli.run(context, arguments, on_event=on_event, say=say)
    seconds = phases.seconds()
    if outcome.exit_code != 0 and not outcome.interrupted:
        raise OperationFailedError(f"measuring '{verb}': it failed:\n{shown.getvalue()}{outcome.messages}")
    pulumi_cli.raise_for(context, arguments, outcome)
    return seconds


def _without_policies(context: Context) -> Context:
    environment = {k: v for k, v in context.environment.items() if k != "PULUMI_OPTION_POLICY_PACK"}
    return replace(context, environment=environment)


def _memory_mib(containers: list[EngineObject]) -> float:
    used = container_usage.usage_of(container.id for container in containers)
    return sum(usage.memory for usage in used.values()) / MEBIBYTE


@contextmanager
def throw_away_stack(model: Context) -> Iterator[Context]:
    """Provide a temporary stack with the configuration of another one, which is not changed."""
    # Always the same home, so that the next benchmark removes the leftovers of a killed one.
    home = project.root() / "build" / "bench" / "home"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(_private_environment(home))
    configuration = home / f"Pulumi.{STACK}.yaml"
    context = Context(stack=STACK, environment=contexts.suitable(os.environ), home=home, configuration=configuration)
    with stack_locks.exclusive(replace(context, stack=f"{STACK}-run"), "make bench", say=say, wait=0):
        if state_files.leftovers(context):
            say("Removing the leftovers of a killed benchmark.")
            down.down(context)
        text = model.stack_file.read_text(encoding="utf-8")
        configuration.write_text(with_workload(text, f"bench{secrets.randbelow(10**4):04d}"), encoding="utf-8")
        context.prepare_folders()
        try:
            ensure_stack(context)
            yield context
        finally:
            down.down(context)
            shutil.rmtree(home)


def _private_environment(home: Path) -> dict[str, str]:
    passphrase = home / "passphrase"
    if not passphrase.exists():
        atomic_files.write(passphrase, secrets.token_urlsafe(24), durable=True)
    (home / "state").mkdir(mode=0o700, exist_ok=True)
    os.environ.pop("PULUMI_CONFIG_PASSPHRASE", None)
    return {
        "MLW_HOME": str(home),
        "PULUMI_BACKEND_URL": (home / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
    }


def with_workload(text: str, workload: str) -> str:
    """Replace the workload in the text of a stack file, which changes all names."""
    return re.sub(r"(?m)^(\s*ml-workspace:workload:).*$", rf"\1 {workload}", text)


def _keep(rows: list[dict[str, Any]], samples: Samples, *, rounds: int, load: float) -> Path:
    now = datetime.now(UTC)
    path = project.root() / "build" / "bench" / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "time": now.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "load": round(load, 2)},
        "rounds": rounds,
        "results": rows,
        "samples": {"workspace": samples.workspace, "plain_docker": samples.docker, "phases": samples.phases},
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path
