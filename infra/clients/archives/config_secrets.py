"""Encrypted values of a stack file (`secure:`), between two passphrases, in the Pulumi CLI's own form.

A key is made from the passphrase and a salt (`encryptionsalt`) by PBKDF2; a value is ``v1:<nonce>:<AES-256-GCM>``. The
salt carries the word `pulumi` encrypted, which tells whether a passphrase is right. The CLI encrypts one value at a
time; a file has to change as a whole.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.errors import ArchiveError

_ROUNDS = 1_000_000
_KNOWN = "pulumi"


class ConfigCrypter:
    """Encrypts and decrypts the values of one stack file.

    Args:
        salt: The file's `encryptionsalt`.
        passphrase: The passphrase.
    """

    def __init__(self, salt: str, passphrase: str) -> None:
        version, _, rest = salt.partition(":")
        raw = rest.partition(":")[0]
        if version != "v1" or not raw:
            raise ArchiveError("reading the encrypted values of the stack file: 'encryptionsalt' has no known form.")
        self._cipher = AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), b64decode(raw), _ROUNDS))

    def decrypt(self, value: str) -> str:
        """Decrypt one value.

        Raises:
            ArchiveError: It was encrypted with another passphrase or salt.
        """
        try:
            _, nonce, sealed = value.split(":")
            return self._cipher.decrypt(b64decode(nonce), b64decode(sealed), None).decode()
        except (ValueError, InvalidTag) as exc:
            raise ArchiveError(
                "reading the encrypted values of the stack file: the passphrase of this run does not decrypt one of "
                "them. Nothing was changed. Set PULUMI_CONFIG_PASSPHRASE_FILE to the file with the right passphrase."
            ) from exc

    def encrypt(self, value: str) -> str:
        """Encrypt one value."""
        nonce = secrets.token_bytes(12)
        sealed = self._cipher.encrypt(nonce, value.encode(), None)
        return f"v1:{b64encode(nonce).decode()}:{b64encode(sealed).decode()}"


def make_salt(passphrase: str) -> str:
    """A new `encryptionsalt`."""
    bare = f"v1:{b64encode(secrets.token_bytes(8)).decode()}"
    return f"{bare}:{ConfigCrypter(bare, passphrase).encrypt(_KNOWN)}"
