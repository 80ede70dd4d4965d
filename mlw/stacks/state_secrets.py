"""Secrets of a stack's state, decrypted with its passphrase: for commands that act as the provisioner does."""

from __future__ import annotations

import json
from typing import Any

from mlw.lifecycle import pulumi_cli
from mlw.lifecycle.checkpoints import is_secret
from mlw.stacks.stacks import Stack


def outputs_of(stack: Stack, kind: str) -> dict[str, Any] | None:
    """Outputs of the first resource of a kind; None when the stack has none.

    Args:
        stack: The stack.
        kind: Last part of the resource's type, e.g. ``VaultConfiguration``.

    Raises:
        WrongPassphraseError: The passphrase is not the state's.
    """
    flags = ["--show-secrets", f"--stack={stack.name}"]
    exported = json.loads(pulumi_cli.query(stack.context, ["stack", "export", *flags]))
    for resource in exported["deployment"].get("resources") or []:
        if str(resource["type"]).endswith(f":{kind}"):
            return {key: without_marks(value) for key, value in resource["outputs"].items()}
    return None


def without_marks(value: object) -> Any:  # noqa: ANN401 - JSON
    """A value of an exported state without the marks of secrets."""
    if isinstance(value, dict):
        if is_secret(value):
            return without_marks(json.loads(value["plaintext"]))
        return {key: without_marks(entry) for key, entry in value.items()}
    return [without_marks(entry) for entry in value] if isinstance(value, list) else value
