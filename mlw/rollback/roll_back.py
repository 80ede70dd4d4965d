"""Rolls back containers that an update has replaced and that do not become ready.

The previous containers are recreated from the state before the update: same image, command, limits and files. Their
volumes were never removed. The state is updated to match, so the next update starts from there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.clients import readiness_probes
from infra.clients.engine import docker_engine, volume_writer
from infra.clients.state import state_secrets
from infra.errors import EngineError, NotReadyError
from infra.host import atomic_files, state_backend
from infra.host.project import PROJECT
from mlw.lifecycle import pulumi_cli, state_files
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.display import Say
from mlw.lifecycle.pulumi_operations import perform
from mlw.lifecycle.stack_context import Context
from mlw.rollback import container_definition
from mlw.rollback.replaced_containers import Replaced, replaced

PATIENCE_SECONDS = 20.0
"""For a container that was just created; the update itself has already waited."""

START_SECONDS = 60.0
LOG_LINES = 10

FORMAT = 3
"""Name of the state file that is decrypted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """One container that was rolled back.

    Attributes:
        name: Its name.
        found: State of the container that did not become ready, with its last log lines.
        problem: Why the previous container does not respond either; empty if it does.
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
    """Roll back containers that do not become ready.

    Args:
        context: The stack, whose update has failed; the caller holds its lock.
        before: The state before the update.
        say: Called with progress messages.

    Returns:
        What was rolled back; empty if every replaced container is ready.

    Raises:
        LifecycleError: The rollback failed; the message says why.
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
    """Write the previous files and create the previous container; return the changes of the state, by URN."""
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
    """Wait for a container's service; return what is wrong, or an empty string."""
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
    """Write the files that the container read, if the update has changed them.

    Files that a running service reloads stay as the update wrote them: they hold access rights.
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
    """Files of the previous containers, by the URN of their resource.

    Only Pulumi decrypts a state, and only the newest of a stack: the previous one is presented to it in a temporary
    backend.
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
        one["urn"]: state_secrets.decrypted(one["outputs"]["files"])
        for one in resources
        if one["type"].endswith(":VolumeFiles")
    }


def _record(context: Context, done: Mapping[str, Mapping[str, Any]]) -> None:
    """Update the state to match what is running."""
    exported = json.loads(pulumi_cli.query(context, ["stack", "export", f"--stack={context.stack}"]))
    resources = exported["deployment"]["resources"]
    exported["deployment"]["resources"] = replacing(resources, done)
    pulumi_cli.query(
        context,
        ["stack", "import", f"--stack={context.stack}", "--non-interactive", "--color=never"],
        stdin=json.dumps(exported),
    )


def replacing(resources: Sequence[Mapping[str, Any]], done: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The resources with those that were rolled back; each after the resources that it depends on."""
    merged = [done.get(one["urn"], one) if not one.get("delete") else one for one in resources]
    present = {one["urn"] for one in merged}
    for urn, one in done.items():
        if urn not in present:
            named = {one.get("parent"), *(one.get("dependencies") or [])}
            last = max(index for index, other in enumerate(merged) if other["urn"] in named)
            merged.insert(last + 1, one)
    return merged


def explain(stack: str, results: Sequence[RolledBack]) -> str:
    """The message for an update that was rolled back."""
    listed = "\n".join(map(str, results))
    return (
        f"updating stack '{stack}': the update failed and was rolled back. No volume was touched.\n"
        f"{listed}\n"
        f"Fix the cause and run `make up STACK={stack}`, which tries the update again."
    )
