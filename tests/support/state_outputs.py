"""Outputs of a stack, read from its state and decrypted as the CLI does, without the start that it takes each time.

The key is derived from the passphrase once for each stack. `one_workspace/test_outputs.py` compares with the CLI.
"""

import hashlib
import json
from base64 import b64decode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.clients.state.state_secrets import SECRET_KEY

ROUNDS = 1_000_000
STACK = "pulumi:pulumi:Stack"


def outputs_of(state: dict[str, Any], passphrase: str) -> dict[str, Any]:
    """Return the outputs of a deployment, with its secrets."""
    salt = state["secrets_providers"]["state"]["salt"]
    (stack,) = (resource for resource in state["resources"] if resource["type"] == STACK)
    return {key: _plain(value, salt, passphrase) for key, value in stack.get("outputs", {}).items()}


def _plain(value: object, salt: str, passphrase: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_plain(one, salt, passphrase) for one in value]
    if not isinstance(value, dict):
        return value
    if SECRET_KEY not in value:
        return {key: _plain(one, salt, passphrase) for key, one in value.items()}
    _, nonce, sealed = value["ciphertext"].split(":")
    opened = AESGCM(_key(salt, passphrase)).decrypt(b64decode(nonce), b64decode(sealed), None)
    return _plain(json.loads(opened), salt, passphrase)


@cache
def _key(salt: str, passphrase: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), b64decode(salt.split(":")[1]), ROUNDS)
