"""Keeps the key of a stack's secrets, so that not every command takes half a second to derive it.

A key is kept with the record of the stack in `$MLW_HOME/stacks.json`, and goes with it. It is encrypted with the
passphrase, and only kept if the passphrase itself is in a file next to it: what a key protects is no more exposed than
before. A passphrase that its user keeps elsewhere, in a variable or another file, never leaves a trace.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.clients.state import known_stacks
from infra.clients.state.passphrase_cipher import PassphraseCipher, UndecryptableError, derive_key
from infra.clients.state.state_passphrase import StatePassphrase


def cipher_of(stack_id: str, salt: str, passphrase: StatePassphrase) -> PassphraseCipher | None:
    """The cipher of a state's secrets; None if the passphrase is not the state's.

    Args:
        stack_id: Identity of the stack.
        salt: The state's salt.
        passphrase: The passphrase to try.

    Raises:
        SaltFormatError: The format of the salt is unknown.
    """
    if not passphrase.is_of_home:
        return _fitting(derive_key(salt, passphrase.text), salt)
    if found := _kept(stack_id, salt, passphrase):
        return found
    key = derive_key(salt, passphrase.text)
    if found := _fitting(key, salt):
        keep(stack_id, salt, passphrase, key)
    return found


def keep(stack_id: str, salt: str, passphrase: StatePassphrase, key: bytes) -> None:
    """Keep the key of a stack that this home knows, encrypted with the passphrase."""
    known_stacks.set_secrets_key(stack_id, _protection(salt, passphrase).encrypt(key.hex()))


def _kept(stack_id: str, salt: str, passphrase: StatePassphrase) -> PassphraseCipher | None:
    try:
        return _fitting(bytes.fromhex(_protection(salt, passphrase).decrypt(known_stacks.secrets_key(stack_id))), salt)
    except UndecryptableError:  # there is none, or the salt or the passphrase has changed
        return None


def _protection(salt: str, passphrase: StatePassphrase) -> PassphraseCipher:
    # Not a hash for passwords: a file next to it contains the passphrase.
    return PassphraseCipher(HKDF(SHA256(), 32, salt.encode(), b"kept key").derive(passphrase.text.encode()))


def _fitting(key: bytes, salt: str) -> PassphraseCipher | None:
    cipher = PassphraseCipher(key)
    return cipher if cipher.fits(salt) else None
