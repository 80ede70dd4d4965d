"""Re-encrypt the secret values of a stack file (`secure:`) with another passphrase, in the Pulumi CLI's format.

The key is derived from the passphrase and a salt (`encryptionsalt`) with PBKDF2; a value is
``v1:<nonce>:<AES-256-GCM>``. The salt contains the encrypted word `pulumi`, which verifies a passphrase. The CLI
encrypts one value at a time, but a file must change as a whole.
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
            raise ArchiveError(
                "reading the encrypted values of the stack file: the format of 'encryptionsalt' is unknown."
            )
        self._cipher = AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), b64decode(raw), _ROUNDS))

    def decrypt(self, value: str) -> str:
        """Decrypt one value.

        Raises:
            ArchiveError: The value was encrypted with another passphrase or salt.
        """
        try:
            _, nonce, sealed = value.split(":")
            return self._cipher.decrypt(b64decode(nonce), b64decode(sealed), None).decode()
        except (ValueError, InvalidTag) as exc:
            raise ArchiveError(
                "reading the encrypted values of the stack file: the current passphrase cannot decrypt one of them. "
                "Nothing was changed. Set PULUMI_CONFIG_PASSPHRASE_FILE to the file with the correct passphrase."
            ) from exc

    def encrypt(self, value: str) -> str:
        """Encrypt one value."""
        nonce = secrets.token_bytes(12)
        sealed = self._cipher.encrypt(nonce, value.encode(), None)
        return f"v1:{b64encode(nonce).decode()}:{b64encode(sealed).decode()}"


def make_salt(passphrase: str) -> str:
    """Generate an `encryptionsalt`."""
    bare = f"v1:{b64encode(secrets.token_bytes(8)).decode()}"
    return f"{bare}:{ConfigCrypter(bare, passphrase).encrypt(_KNOWN)}"
