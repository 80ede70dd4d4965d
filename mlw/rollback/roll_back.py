"""Puts the containers back that an update has replaced and that do not become ready.

The containers of before are made again from the state that the update began with: the same image, command, limits and
files. Their volumes were never gone. The state is told what runs, so that the next update begins from there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.clients import readiness_probes
from infra.clients.engine import docker_engine, volume_writer
from infra.errors import EngineError, NotReadyError
from infra.host import atomic_files, state_backend
from infra.host.project import PROJECT
from mlw.lifecycle import pulumi_cli, state_files
from mlw.lifecycle.checkpoints import Checkpoint, without_marks
from mlw.lifecycle.display import Say
from mlw.lifecycle.pulumi_operations import perform
from mlw.lifecycle.stack_context import Context
from mlw.rollback import container_definition
from mlw.rollback.replaced_containers import Replaced, replaced

PATIENCE_SECONDS = 20.0
"""For one that an update has made a moment ago; the update itself has waited for those that it could."""

START_SECONDS = 60.0
LOG_LINES = 10

FORMAT = 3
"""Of the state file that is decrypted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """One container that was put back.

    Attributes:
        name: Its name.
        found: How the one that did not become ready was doing, with its last log lines.
        problem: Why the one before does not respond either; empty when it does.
    """

    name: str
    found: str
    problem: str = ""

    def __str__(self) -> str:
        """For the message."""
        now = (
            f"the previous one does not respond either: {self.problem}"
            if self.problem
            else "the previous one is running again"
        )
        return f"container '{self.name}' did not become ready; {now}. The new one: {self.found}"


def roll_back(context: Context, before: Checkpoint, *, say: Say) -> list[RolledBack]:
    """Put back what does not become ready.

    Args:
        context: The stack, whose update has failed; the caller holds its lock.
        before: The state that the update began with.
        say: Told what is done.

    Returns:
        What was put back; empty where every container that was replaced is ready.

    Raises:
        LifecycleError: It could not be done; the message says why.
        EngineError: The engine does not respond, or refuses.
    """
    after = state_files.read(context)
    failed = [one for one in replaced(before, after) if one.probes and not _is_ready(one)] if after else []
    if not after or not failed:
        return []
    secrets = _decrypted(context, before)
    done: dict[str, Mapping[str, Any]] = {}
    results = []
    for one in failed:
        found = _describe(one.name)
        say(f"Container '{one.name}' did not become ready. Restoring the previous one.")
        done |= put_back(one, after, secrets)
        results.append(RolledBack(name=one.name, found=found, problem=_wait(one)))
    _record(context, done)
    perform(context, "refresh", *[f"--target={one.container['urn']}" for one in failed])
    return results


def put_back(one: Replaced, after: Checkpoint, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Write the files of before and make the container of before; what the state has to say then, by URN."""
    import docker  # noqa: PLC0415 - as in infra.clients

    try:
        files = _restore_files(one, after, secrets)
        made = container_definition.make(one.container["inputs"])
    except docker.errors.APIError as exc:
        raise EngineError(
            f"restoring the previous container '{one.name}': the engine refused ({exc.explanation or exc}). No "
            "volume was touched. Run `make up` with the previous version, which recreates the container."
        ) from exc
    return {one.container["urn"]: _with_id(one.container, made), **files}


def _is_ready(one: Replaced) -> bool:
    if all(probe().passed for probe in one.probes):
        return True
    state = docker_engine.container_state(one.name, log_lines=1)
    if state is None or state.has_given_up:
        return False
    return not _wait(one, seconds=PATIENCE_SECONDS)


def _wait(one: Replaced, *, seconds: float = START_SECONDS) -> str:
    """Wait for a container's service; what is wrong with it, or nothing."""
    try:
        readiness_probes.wait_until_ready(one.name, list(one.probes), container=one.name, deadline_seconds=seconds)
    except NotReadyError as exc:
        return str(exc)
    return ""


def _describe(container: str) -> str:
    state = docker_engine.container_state(container, log_lines=LOG_LINES)
    if state is None:
        return "it could not be created."
    seen = f"{state.status}, exit code {state.exit_code}, restarts {state.restarts}"
    return f"{seen}, last log lines:\n{state.last_log_lines}" if state.last_log_lines else f"{seen}, no log lines."


def _restore_files(one: Replaced, after: Checkpoint, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Write the files that the container read, where the update has written others.

    Files that a running service reads by itself stay as the update has made them: they are who may do what.
    """
    if one.files is None:
        return {}
    urn, outputs = one.files["urn"], one.files["outputs"]
    now = next((resource for resource in after.resources if resource["urn"] == urn), one.files)
    if now["outputs"].get("digest") == outputs["digest"]:
        return {}
    uid, _, gid = str(outputs["user"]).partition(":")
    volume_writer.write(
        outputs["volume"],
        {name: content.encode() for name, content in secrets[urn].items()},
        carrier=volume_writer.Carrier(image=outputs["image_id"], labels=outputs["labels"]),
        owner=(int(uid), int(gid)),
    )
    kept = {"files": outputs["files"], "image_id": outputs["image_id"], "user": outputs["user"]}
    written = {**now["outputs"], **kept, "digest": outputs["digest"]}
    return {urn: {**now, "inputs": {**now["inputs"], **kept}, "outputs": written}}


def _with_id(container: Mapping[str, Any], made: str) -> dict[str, Any]:
    return {**container, "id": made, "outputs": {**container["outputs"], "id": made}}


def _decrypted(context: Context, before: Checkpoint) -> dict[str, dict[str, str]]:
    """Files of the containers before, by the URN of their resource.

    Only Pulumi decrypts a state, and only the newest of a stack: that of before is shown to it as one of a backend of
    its own.
    """
    folder = context.workdir / "before"
    elsewhere = replace(context, environment={**context.environment, state_backend.VARIABLE: folder.as_uri()})
    latest = before.document["checkpoint"]["latest"]
    document = {"version": FORMAT, "checkpoint": {"stack": f"organization/{PROJECT}/{context.stack}", "latest": latest}}
    target = folder / ".pulumi" / "stacks" / PROJECT / f"{context.stack}.json"
    atomic_files.write(target, json.dumps(document))
    try:
        exported = pulumi_cli.query(elsewhere, ["stack", "export", "--show-secrets", f"--stack={context.stack}"])
    finally:
        shutil.rmtree(folder)
    resources = json.loads(exported)["deployment"]["resources"]
    return {
        one["urn"]: without_marks(one["outputs"]["files"]) for one in resources if one["type"].endswith(":VolumeFiles")
    }


def _record(context: Context, done: Mapping[str, Mapping[str, Any]]) -> None:
    """Have the state say what runs."""
    exported = json.loads(pulumi_cli.query(context, ["stack", "export", f"--stack={context.stack}"]))
    resources = exported["deployment"]["resources"]
    exported["deployment"]["resources"] = replacing(resources, done)
    pulumi_cli.query(
        context,
        ["stack", "import", f"--stack={context.stack}", "--non-interactive", "--color=never"],
        stdin=json.dumps(exported),
    )


def replacing(resources: Sequence[Mapping[str, Any]], done: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The resources with those that were put back; one that the update has left out follows what it depends on."""
    merged = [done.get(one["urn"], one) if not one.get("delete") else one for one in resources]
    present = {one["urn"] for one in merged}
    for urn, one in done.items():
        if urn not in present:
            named = {one.get("parent"), *(one.get("dependencies") or [])}
            last = max(index for index, other in enumerate(merged) if other["urn"] in named)
            merged.insert(last + 1, one)
    return merged


def explain(stack: str, results: Sequence[RolledBack]) -> str:
    """What is said of an update after which containers were put back."""
    listed = "\n".join(map(str, results))
    return (
        f"updating stack '{stack}': the update failed and was rolled back. No volume was touched.\n"
        f"{listed}\n"
        f"Fix the cause and run `make up STACK={stack}`, which tries the update again."
    )
