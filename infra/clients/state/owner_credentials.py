"""Credentials of another stack whose resources this stack uses: read when needed, never stored.

The engine's stack references would copy every credential of the other stack to this one's state.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from infra.clients.state import stack_states, state_passphrase, state_secrets
from infra.clients.state.passphrase_cipher import PassphraseCipher, SaltFormatError, UndecryptableError
from infra.errors import HostError, SecretStateError
from infra.host import project

_TIMEOUT_SECONDS = 60
_INITIALIZATION = ":VaultInitialization"
_ONE_AT_A_TIME = threading.Lock()


def outputs_of(stack: str) -> dict[str, Any]:
    """The outputs of a stack; secret ones are encrypted."""
    return stack_states.outputs(project.PROJECT, stack)


def credentials_of(stack: str, keys: Sequence[str]) -> dict[str, str]:
    """The credentials of one of a stack's resources.

    Args:
        stack: The stack that owns it.
        keys: Possible keys in its output `credentials`; the first existing one is used.

    Raises:
        SecretStateError: The stack has none of the keys, or its secrets cannot be decrypted.
    """
    with _ONE_AT_A_TIME:
        known = _credentials(stack)
    found = next((known[key] for key in keys if key in known), None)
    if found is None:
        raise SecretStateError(
            f"reading the credentials of stack '{stack}', whose resources this stack uses: its output 'credentials' "
            f"has no key '{keys[0]}'. Run `make up STACK={stack}` first."
        )
    return dict(found)


def unseal_key_of(stack: str) -> str:
    """The unseal key of a stack's key vault.

    Raises:
        SecretStateError: The stack's state has no unseal key, or its secrets cannot be decrypted.
    """
    with _ONE_AT_A_TIME:
        found = _unseal_key(stack)
    if not found:
        raise _unreadable(stack, "its state has no unseal key")
    return found


@cache
def _credentials(stack: str) -> Mapping[str, Any]:
    """All of a stack's credentials; cached for the process, which serves one run of the engine or one command."""
    return dict(_outputs(stack, stack_states.STACK_TYPE, "credentials") or {})


@cache
def _unseal_key(stack: str) -> str:
    return str(_outputs(stack, _INITIALIZATION, "unseal_key") or "")


def _outputs(stack: str, type_: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """One output of a stack's first resource with a type that ends so, decrypted; None if there is none."""
    deployment, cipher = _state_of(stack)
    resources = deployment.get("resources") or []
    outputs = next((r.get("outputs") or {} for r in resources if str(r["type"]).endswith(type_)), {})
    try:
        return state_secrets.decrypted(outputs.get(name), cipher)
    except UndecryptableError as exc:
        raise _unreadable(stack, "a secret in its state is damaged") from exc


def _state_of(stack: str) -> tuple[Mapping[str, Any], PassphraseCipher | None]:
    """A stack's state with what decrypts its secrets; through the CLI if it is no file or not under a passphrase."""
    deployment = stack_states.deployment_of(project.PROJECT, stack)
    if state_secrets.salt_of(deployment) is None:
        return _ask(stack, "stack", "export", "--show-secrets")["deployment"], None
    try:
        cipher = state_secrets.cipher_of(deployment, state_passphrase.read(os.environ))
    except (HostError, SaltFormatError) as exc:
        raise _unreadable(stack, str(exc)) from exc
    if cipher is None:
        raise _unreadable(stack, "the current passphrase is not the one of its state")
    return deployment, cipher


def _ask(stack: str, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    cli = shutil.which("pulumi-cli") or shutil.which("pulumi") or "pulumi"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_OPTION_")}
    try:
        done = subprocess.run(
            [cli, *arguments, "--non-interactive", f"--stack={stack}"],
            cwd=project.root(),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise _unreadable(stack, str(exc)) from exc
    if done.returncode:
        raise _unreadable(stack, " ".join(done.stderr.split()))
    return json.loads(done.stdout)


def _unreadable(stack: str, found: str) -> SecretStateError:
    return SecretStateError(
        f"reading the credentials of stack '{stack}', whose resources this stack uses: {found}. That stack must be up "
        "and in the same state backend, with its secrets encrypted with the current passphrase. "
        f"Run `make up STACK={stack}` first."
    )
