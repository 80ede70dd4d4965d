"""Client of the key vault's HTTP API: unseal, short-lived root tokens, plain requests.

The caller stores the unseal key; nothing here writes to disk or logs a value. Only this module uses hvac.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from infra.clients.service_connection import ServiceConnection
from infra.clients.tls import tls_sessions
from infra.errors import ServiceError

if TYPE_CHECKING:
    import hvac

TIMEOUT_SECONDS = 60
"""Generous: initialising takes two seconds, but much longer on a busy machine."""

_OTP_LENGTH = 28
"""Length of a root token and of the one-time pad of ``sys/generate-root`` (Vault 1.10 and later)."""


_UPGRADING = "Upgrading from non-versioned to versioned"
"""Error of a KV version 2 mount right after its creation."""

_INVALID_ACCESSOR = "invalid accessor"
"""Error of a request that names an accessor without a token."""

_UPGRADE_SECONDS, _UPGRADE_POLL_SECONDS = 20.0, 0.01


_PIECE_BYTES = 1 << 20


@contextmanager
def explaining(what: str) -> Iterator[None]:
    """Convert an error of the vault inside the block to one clear error.

    Args:
        what: What is being done, e.g. ``listing the secrets of key vault 'kv-churn'``.

    Raises:
        ServiceError: The vault returned an error.
    """
    import hvac

    try:
        yield
    except hvac.exceptions.VaultError as exc:
        raise ServiceError(
            f"{what}: the key vault returned {type(exc).__name__} ({str(exc).strip() or 'no reason given'}). "
            "Run `pulumi refresh` and `make up`, which unseal the vault and repair its configuration."
        ) from exc


class Vault:
    """One key vault; one connection for all requests.

    Paths are plain text: special characters such as ``?`` are encoded here.

    Args:
        connection: Connection with a token, or without credentials for calls that need none.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        import hvac

        self._client: hvac.Client = hvac.Client(
            url=connection.endpoint,
            token=connection.credentials.get("token"),
            timeout=TIMEOUT_SECONDS,
            session=tls_sessions.session(connection.ca_certificate),
        )

    def is_initialised(self) -> bool:
        """Whether the vault has been initialised, sealed or not."""
        return bool(self._client.sys.is_initialized())

    def is_sealed(self) -> bool:
        """Whether the vault must be unsealed before it serves requests."""
        return bool(self._client.sys.is_sealed())

    def unseal(self, key: str) -> bool:
        """Unseal with the key; true if the vault is unsealed afterwards, false if it is another vault's key."""
        import hvac

        try:
            return not self._client.sys.submit_unseal_key(key)["sealed"]
        except hvac.exceptions.InvalidRequest:
            return False

    def root_token_from(self, unseal_key: str) -> str:
        """Generate a root token with the unseal key (``sys/generate-root``)."""
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        pad = "".join(secrets.choice(alphabet) for _ in range(_OTP_LENGTH))
        self._client.sys.cancel_root_generation()
        started = self._client.sys.start_root_token_generation(otp=pad)
        answer = self._client.sys.generate_root(key=unseal_key, nonce=started["nonce"])
        encoded = answer["encoded_token"]
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        return bytes(a ^ b for a, b in zip(raw, pad.encode(), strict=True)).decode()

    @contextmanager
    def as_root(self, unseal_key: str) -> Iterator[None]:
        """Use a root token for all requests inside the block, and revoke it at the end."""
        before, self._client.token = self._client.token, self.root_token_from(unseal_key)
        try:
            yield
        except BaseException:
            with suppress(Exception):
                self.revoke_own_token()
            raise
        else:
            self.revoke_own_token()
        finally:
            self._client.token = before

    def revoke_own_token(self) -> None:
        """Revoke the client's token and its children; an unknown token has been revoked already."""
        import hvac

        with suppress(hvac.exceptions.Forbidden):
            self._client.auth.token.revoke_self()

    def accepts_token(self) -> bool:
        """Whether the client's token is valid."""
        return bool(self._client.is_authenticated())

    def is_active(self) -> bool:
        """Whether the vault serves requests: initialised, unsealed, and not busy restoring a snapshot."""
        return int(self._client.sys.read_health_status().status_code) == HTTPStatus.OK

    def has_forgotten_token(self) -> bool:
        """Whether the vault is active and does not know the client's token; false while it is not active."""
        import hvac

        try:
            return self.is_active() and not self.accepts_token()
        except hvac.exceptions.VaultError:
            return False

    def take_snapshot(self) -> Iterator[bytes]:
        """Read a snapshot of everything, in chunks."""
        yield from self._client.sys.take_raft_snapshot().iter_content(_PIECE_BYTES)

    def apply_snapshot(self, snapshot: IO[bytes]) -> bool:
        """Start restoring a snapshot; false if it is not a snapshot of this vault."""
        import hvac

        try:
            self._client.sys.restore_raft_snapshot(snapshot)
        except (hvac.exceptions.InvalidRequest, hvac.exceptions.InternalServerError):
            return False
        return True

    def look_up(self, token: str) -> dict[str, Any] | None:
        """Look up a token; None if it is not valid."""
        return self._found("auth/token/lookup", {"token": token})

    def policies_of(self, accessor: str) -> list[str]:
        """Policies of another token, by its accessor; empty if it has just expired or been revoked."""
        with _unless_revoked_meanwhile():
            found = self._found("auth/token/lookup-accessor", {"accessor": accessor})
            return [] if found is None else list(found["policies"])
        return []

    def revoke_accessor(self, accessor: str) -> None:
        """Revoke another token, by its accessor; not an error if it has just expired or been revoked."""
        with _unless_revoked_meanwhile():
            self.write("auth/token/revoke-accessor", {"accessor": accessor})

    def _found(self, path: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        import hvac

        try:
            return dict(self.write(path, data)["data"])
        except (hvac.exceptions.Forbidden, hvac.exceptions.InvalidPath):
            return None

    def read(self, path: str) -> dict[str, Any] | None:
        """Read a path; None if it does not exist."""
        answer: dict[str, Any] | None = _once_upgraded(lambda: self._client.read(quote(path)))
        return None if answer is None else dict(answer["data"])

    def list(self, path: str) -> list[str]:
        """List the keys below a path; folders end with a slash."""
        answer = _once_upgraded(lambda: self._client.list(quote(path)))
        return [] if answer is None else [str(key) for key in answer["data"]["keys"]]

    def write(self, path: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write to a path and return the response."""
        answer = _once_upgraded(lambda: self._client.write_data(quote(path), data=dict(data or {})))
        return answer if isinstance(answer, dict) else {}

    def delete(self, path: str) -> None:
        """Delete a path; a missing path is not an error."""
        self._client.delete(quote(path))


@contextmanager
def _unless_revoked_meanwhile() -> Iterator[None]:
    """Leave the block when the accessor in its request no longer belongs to a token.

    Tokens are listed first and looked up one by one; their owners may log out in between.
    """
    import hvac

    try:
        yield
    except hvac.exceptions.InvalidRequest as exc:
        if _INVALID_ACCESSOR not in str(exc):
            raise


def _once_upgraded(request: Callable[[], Any]) -> Any:  # noqa: ANN401 - a response of hvac
    """Make a request, again as long as its KV mount, which was just created, upgrades itself to version 2."""
    import hvac

    deadline = time.monotonic() + _UPGRADE_SECONDS
    while True:
        try:
            return request()
        except hvac.exceptions.InvalidRequest as exc:
            if _UPGRADING not in str(exc) or time.monotonic() > deadline:
                raise
            time.sleep(_UPGRADE_POLL_SECONDS)
