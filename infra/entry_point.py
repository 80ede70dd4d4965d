"""Entry point of `pulumi up`: start the providers, validate the settings, then import the program and provision.

The providers start while the libraries of the settings and of the program are imported, which takes as long. Most
failing runs fail in the settings, and need no program.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import config as runtime_config
from pulumi.runtime import resource as runtime_resource
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.settings import get_monitor

from infra import run_spans
from infra.clients.state import removal, stack_states
from infra.errors import MlWorkspaceError
from infra.provider_start import start_providers

if TYPE_CHECKING:
    from infra.settings import Settings


def main() -> None:
    """Read the stack's configuration and provision it; an invalid one ends with one message."""
    if not os.environ.get("MLW_DEBUG"):
        leave_out_debug_messages()
        leave_out_stack_traces()
    monitor = get_monitor()
    # A destroy with the program registers only what the program does: a rejected one leaves the state unchanged.
    if monitor and not removal.is_destroying():
        start_providers(monitor.Invoke)
    try:
        with run_spans.phase("check the settings"):
            wanted = _load(pulumi.get_project(), pulumi.get_stack())
    except MlWorkspaceError as exc:
        raise pulumi.RunError(str(exc)) from None
    for notice in wanted.notices:
        pulumi.warn(notice)
    with run_spans.phase("import the program"):
        from infra.program import provision  # noqa: PLC0415 - 0.2 s that a run with invalid settings does not need

    with run_spans.phase("register the resources"):
        for name, value in provision(wanted).items():
            pulumi.export(name, value)


def _load(project: str, stack: str) -> Settings:
    """Load the stack's settings, checked against its last accepted resources and those of other stacks."""
    from infra import settings  # noqa: PLC0415 - 0.1 s in which the providers start

    config = runtime_config.CONFIG.get()
    secret = [key for key in config if runtime_config.is_config_secret(key)]
    accepted = stack_states.accepted(project, stack)
    return settings.load(
        config,
        stack=stack,
        deployed=stack_states.deployed(project=project, except_stack=stack),
        accepted=accepted,
        actions=removal.actions_asked_for() if accepted.locks else (),
        encrypted=_encrypted(secret, stack) if secret else (),
    )


def _encrypted(secret: Sequence[str], stack: str) -> Collection[str]:
    """Keys of the encrypted values; called only if there are any, to avoid loading the YAML parser."""
    from infra.stack_files.stack_file import refine_encrypted  # noqa: PLC0415 - 15 ms

    return refine_encrypted(secret, Path("stacks", f"Pulumi.{stack}.yaml"))


def leave_out_debug_messages() -> None:
    """Disable the SDK's debug messages to the engine.

    Some of them contain outputs with plain-text secrets, which runs with ``--json`` or ``--debug`` print.

    Each message is a blocking call, and each resource sends four: a quarter of a second per workspace. The engine
    reports registered resources itself.
    """
    pulumi.log.debug = lambda *_args, **_more: None


def leave_out_stack_traces() -> None:
    """Register resources without the program's stack trace.

    It would be a quarter of the state, which the engine writes twice for each resource, and nothing reads it.
    """
    runtime_resource._get_stack_trace = source_pb2.StackTrace
