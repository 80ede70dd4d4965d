"""Outputs of a stack, read from its state and decrypted without the CLI, which takes half a second each time.

The key is derived from the passphrase once for each stack. `one_workspace/test_outputs.py` compares with the CLI.
"""

from functools import cache
from typing import Any

from infra.clients.state import state_secrets
from infra.clients.state.passphrase_cipher import PassphraseCipher
from infra.clients.state.stack_states import STACK_TYPE


def outputs_of(state: dict[str, Any], passphrase: str) -> dict[str, Any]:
    """Return the outputs of a deployment, with its secrets."""
    (stack,) = (resource for resource in state["resources"] if resource["type"] == STACK_TYPE)
    cipher = _cipher(state_secrets.salt_of(state) or "", passphrase)
    outputs: dict[str, Any] = state_secrets.decrypted(stack.get("outputs", {}), cipher)
    return outputs


@cache
def _cipher(salt: str, passphrase: str) -> PassphraseCipher:
    return PassphraseCipher.of(salt, passphrase)
