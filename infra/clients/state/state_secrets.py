"""Secrets of a state, decrypted without the Pulumi CLI, each start of which takes half a second and more.

A secret is an object with the key :data:`SECRET_KEY`. It contains its value as JSON, encrypted (`ciphertext`) or, in an
export of the CLI, plain (`plaintext`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.clients.state import kept_keys, stack_states
from infra.clients.state.passphrase_cipher import PassphraseCipher
from infra.clients.state.state_passphrase import StatePassphrase

SECRET_KEY = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's marker of a special value, no secret


def salt_of(deployment: Mapping[str, Any]) -> str | None:
    """The salt, which verifies a passphrase; None if the secrets are not encrypted with a passphrase."""
    providers = deployment.get("secrets_providers") or {}
    return (providers.get("state") or {}).get("salt") if providers.get("type") == "passphrase" else None


def cipher_of(deployment: Mapping[str, Any], passphrase: StatePassphrase) -> PassphraseCipher | None:
    """The cipher of a state's secrets; None if the passphrase is not the state's.

    Args:
        deployment: The state, with secrets that are encrypted with a passphrase.
        passphrase: The passphrase to try.

    Raises:
        SaltFormatError: The state has no salt, or one of an unknown format.
    """
    stack_id = stack_states.identity_of(deployment.get("resources") or [])
    return kept_keys.cipher_of(stack_id, salt_of(deployment) or "", passphrase)


def is_secret(value: object) -> bool:
    """Whether a value is marked as a secret."""
    return isinstance(value, dict) and SECRET_KEY in value


def decrypted(value: object, cipher: PassphraseCipher | None = None) -> Any:  # noqa: ANN401 - JSON
    """A value with its secrets decrypted, without their marks.

    Args:
        value: A value of a state.
        cipher: Decrypts the secrets; not needed for an export with plain ones.

    Raises:
        UndecryptableError: A secret is damaged.
    """
    if isinstance(value, dict):
        if is_secret(value):
            plain = cipher.decrypt(value["ciphertext"]) if cipher and "ciphertext" in value else value["plaintext"]
            return decrypted(json.loads(plain), cipher)
        return {key: decrypted(entry, cipher) for key, entry in value.items()}
    return [decrypted(entry, cipher) for entry in value] if isinstance(value, list) else value
