"""Secrets of a stack's state, decrypted with its passphrase: for commands that act as the provisioner does."""

from __future__ import annotations

import json
from typing import Any

from mlw.lifecycle import pulumi_cli
from mlw.lifecycle.checkpoints import without_marks
from mlw.stacks.stacks import Stack


def outputs_of(stack: Stack, kind: str) -> dict[str, Any] | None:
    """Outputs of the first resource of a type; None if the stack has none.

    Args:
        stack: The stack.
        kind: Last part of the resource's type, e.g. ``VaultConfiguration``.

    Raises:
        WrongPassphraseError: The passphrase does not decrypt the state.
    """
    flags = ["--show-secrets", f"--stack={stack.name}"]
    exported = json.loads(pulumi_cli.query(stack.context, ["stack", "export", *flags]))
    for resource in exported["deployment"].get("resources") or []:
        if str(resource["type"]).endswith(f":{kind}"):
            return {key: without_marks(value) for key, value in resource["outputs"].items()}
    return None
