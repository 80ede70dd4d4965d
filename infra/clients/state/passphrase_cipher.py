"""Encrypts and decrypts secrets with a passphrase, in the Pulumi CLI's format: values of a stack file or of a state.

The key is derived from the passphrase and a salt with PBKDF2, which takes half a second by design; a value is
``v1:<nonce>:<AES-256-GCM>``. The salt (`encryptionsalt` of a stack file) contains the encrypted word `pulumi`, which
verifies a passphrase. Each start of the CLI derives the key again, and decrypts or encrypts one value at a time.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ROUNDS = 1_000_000
_KNOWN = "pulumi"


class SaltFormatError(ValueError):
    """The salt does not have the form that the pinned CLI writes."""


class UndecryptableError(ValueError):
    """A value was encrypted with another key, or is damaged."""


class PassphraseCipher:
    """Encrypts and decrypts with one key.

    Args:
        key: 32 bytes, of :func:`derive_key`.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def of(cls, salt: str, passphrase: str) -> PassphraseCipher:
        """The cipher of a salt and a passphrase, which need not be the right one.

        Raises:
            SaltFormatError: The format of the salt is unknown.
        """
        return cls(derive_key(salt, passphrase))

    def decrypt(self, value: str) -> str:
        """Decrypt one value.

        Raises:
            UndecryptableError: The value was encrypted with another passphrase or salt, or is damaged.
        """
        try:
            _, nonce, sealed = value.split(":")
            return self._cipher.decrypt(b64decode(nonce), b64decode(sealed), None).decode()
        except (ValueError, InvalidTag) as exc:
            raise UndecryptableError("the key does not decrypt the value") from exc

    def encrypt(self, value: str) -> str:
        """Encrypt one value."""
        nonce = secrets.token_bytes(12)
        sealed = self._cipher.encrypt(nonce, value.encode(), None)
        return f"v1:{b64encode(nonce).decode()}:{b64encode(sealed).decode()}"

    def fits(self, salt: str) -> bool:
        """Whether the key is that of a salt: it decrypts the word that the salt contains."""
        try:
            return self.decrypt(salt.split(":", 2)[2]) == _KNOWN
        except (IndexError, UndecryptableError):
            return False


def derive_key(salt: str, passphrase: str) -> bytes:
    """Derive the key of a salt, which takes half a second.

    Raises:
        SaltFormatError: The format of the salt is unknown.
    """
    version, _, rest = salt.partition(":")
    raw = rest.partition(":")[0]
    if version != "v1" or not raw:
        raise SaltFormatError("the format of the salt is unknown")
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), b64decode(raw), _ROUNDS)


def make_salt(passphrase: str) -> str:
    """Generate a salt that verifies a passphrase."""
    bare = f"v1:{b64encode(secrets.token_bytes(8)).decode()}"
    return f"{bare}:{PassphraseCipher.of(bare, passphrase).encrypt(_KNOWN)}"
