"""Entry of `pulumi up`: the settings are judged, then the program is imported and provisions.

In this order because the settings end most failing runs, and because the providers start while the program's own
libraries are imported.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

import pulumi
from pulumi.runtime import config as runtime_config
from pulumi.runtime.settings import get_monitor

from infra import settings
from infra.clients.state import removal, stack_states
from infra.errors import MlWorkspaceError
from infra.provider_start import start_providers
from infra.settings import Settings


def main() -> None:
    """Entry of `pulumi up`: read the stack's configuration and provision it; a bad one ends in one message."""
    if not os.environ.get("MLW_DEBUG"):
        leave_out_debug_messages()
    try:
        wanted = _load(pulumi.get_project(), pulumi.get_stack())
    except MlWorkspaceError as exc:
        raise pulumi.RunError(str(exc)) from None
    for notice in wanted.notices:
        pulumi.warn(notice)
    monitor = get_monitor()
    # A destroy with the program registers nothing but what the program does: a refused one leaves the state alone.
    if monitor and not removal.is_destroying():
        start_providers(monitor.Invoke)
    from infra.program import provision  # noqa: PLC0415 - a fifth of a second, in which the providers start

    for name, value in provision(wanted).items():
        pulumi.export(name, value)


def _load(project: str, stack: str) -> Settings:
    """The stack's settings, judged beside what it was allowed so far and what other stacks have deployed."""
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
    """Which values are encrypted; most stack files hold none, so that no run pays for a reader of YAML."""
    from infra.stack_files.stack_file import refine_encrypted  # noqa: PLC0415 - 15 ms

    return refine_encrypted(secret, Path("stacks", f"Pulumi.{stack}.yaml"))


def leave_out_debug_messages() -> None:
    """Keep the SDK from telling the engine of each of its own steps.

    Some of these messages hold outputs with their secrets in plain text, and runs with ``--json`` or ``--debug`` print
    them.

    Every such message is a call that the whole program waits for, and each resource makes four of them: a quarter of a
    second for a workspace. The engine says by itself what is registered.
    """
    pulumi.log.debug = lambda *_args, **_more: None
