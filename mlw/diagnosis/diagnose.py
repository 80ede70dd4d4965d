"""`mlw diagnose`: reports problems of a workspace in the form of `az ml workspace diagnose`; changes nothing.

Collects facts first (state, credentials, engine), then runs all checks in parallel. Consequences of another finding are
left out: a service whose container is not running is not probed, and a record in it is not read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import click

from infra.clients.engine import soft_deletions
from infra.clients.state import stack_states
from infra.services import INFERENCE
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.diagnosis import certificate_checks, object_checks, parallel_checks, service_checks, state_checks
from mlw.diagnosis.diagnosed_services import DiagnosedService, services_of
from mlw.diagnosis.engine_snapshot import Snapshot, take_snapshot
from mlw.diagnosis.findings import Finding, Group, Repair, by_group
from mlw.lifecycle import soft_deleting
from mlw.output import table
from mlw.stacks.stacks import Stack, open_stack

HEADINGS = ("GROUP", "CODE", "LEVEL", "MESSAGE", "FIX")


@command(
    examples=("mlw diagnose dev", "mlw diagnose dev -o table", "mlw diagnose dev --fix"),
    exit_codes={DONE: "healthy, the result is empty", FAILED: f"something was found, or it {FAILURE}"},
    progress="checking services",
)
@STACK
@click.option(
    "--fix", is_flag=True, help="Start and unpause containers, and restart a sealed key vault; no data is lost."
)
@prints_data(Format.JSON)
def diagnose(stack: str, *, fix: bool, output: Output) -> int:
    """Find out what is wrong with a workspace.

    Checks containers, ports, volumes and the network, asks every service whether it is ready and accepts the
    credentials of the stack, and compares the workspace record with the output of the stack. Changes nothing without
    --fix; the checks end within 20 seconds.

    Prints a JSON object that maps a group (`storage_account`, `key_vault`, `container_registry`,
    `application_insights`, `network_security_rule`, `resource_lock`, `other`) to a list of `code`, `level`,
    `message` and `fix`, a command that can be copied. An empty object means healthy. With --fix it fixes what it can
    without losing data, and prints what is left.
    """
    workspace = open_stack(stack)
    found = findings(workspace)
    if fix:
        from mlw.diagnosis import repairs  # noqa: PLC0415 - only on request

        found = repairs.repair(workspace, found, look_again=lambda: findings(open_stack(stack)))
    groups = by_group(found)
    output.print(groups, lambda: _to_table(groups))
    _summarise(workspace, found)
    return FAILED if found else DONE


def _to_table(groups: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    rows = [
        (group, entry["code"], entry["level"], entry["message"], entry["fix"])
        for group, of in groups.items()
        for entry in of
    ]
    return table(HEADINGS, rows)


def _summarise(stack: Stack, found: Sequence[Finding]) -> None:
    count = f"{len(found)} finding{'s' if len(found) != 1 else ''}" if found else "healthy"
    name = stack.workspace.get("name")
    what = f"workspace '{name}' of stack" if name else "stack"
    print(f"{what} '{stack.name}': {count}", file=sys.stderr)


def findings(stack: Stack) -> list[Finding]:
    """Run all checks.

    Raises:
        EngineUnreachableError: The engine does not respond.
        WrongPassphraseError: The credentials that checks need cannot be decrypted.
    """
    if deletion := soft_deleting.find(stack.context, stack.checkpoint):
        message = soft_deletions.refusal(deletion, stack=stack.name)
        return [Finding(group=Group.OTHER, code="WorkspaceSoftDeleted", message=message)]
    services = services_of(stack, stack.credentials()) if stack.is_complete else []
    own = [component["inputs"]["resourceId"] for component in stack.components]
    wanted = {*own, *(service.resource_id for service in services)}
    snapshot = take_snapshot(stack_ids={stack.stack_id, *stack_states.identities()}, resource_ids=wanted)
    checks: dict[str, parallel_checks.Check] = {
        "the state": partial(_check_state, stack),
        "the engine's objects": partial(_check_objects, stack, snapshot),
        "the online endpoints": partial(_check_endpoints, stack),
        **{service.what: partial(_check_service, stack, service, snapshot) for service in services},
    }
    return parallel_checks.run_checks(checks)


def _check_endpoints(stack: Stack) -> Iterator[Finding]:
    if not stack.is_complete or INFERENCE.endpoints[0].use not in stack.outputs["endpoints"]:
        return
    from mlw.online_endpoints import repairing  # noqa: PLC0415 - only with such endpoints

    yield from repairing.findings(stack)


def _check_state(stack: Stack) -> Iterator[Finding]:
    yield from state_checks.check_locks(stack)
    yield from state_checks.check_updates(stack)
    yield from state_checks.check_foreign_resources(stack)


def _check_objects(stack: Stack, snapshot: Snapshot) -> Iterator[Finding]:
    yield from object_checks.check_public_ports(snapshot)
    yield from object_checks.check_leftovers(snapshot)
    yield from object_checks.check_volumes_and_networks(stack, snapshot)


def _with_restart(finding: Finding, service: DiagnosedService, container: str) -> Finding:
    """A sealed key vault unseals itself when its container restarts, and serves nothing until then."""
    if finding.code != "Sealed" or service.sharer:
        return finding
    return replace(finding, repair=Repair(verb="restart", container=container))


def _check_service(stack: Stack, service: DiagnosedService, snapshot: Snapshot) -> Iterator[Finding]:
    yield from object_checks.check_container(service, snapshot)
    container = object_checks.container_of(service, snapshot)
    if container is None or not container.is_running:
        return
    refused = list(certificate_checks.check_certificates(service)) or list(service_checks.check_answers(service))
    yield from (_with_restart(finding, service, container.name) for finding in refused)
    if not refused and service.resource_id == stack.outputs["workspace"]["storageAccount"]:
        yield from service_checks.check_record(service, stack.outputs["datastores"], stack.outputs["workspace"])
