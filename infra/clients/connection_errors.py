"""One error for an unreachable service, independent of the client library's exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.errors import ServiceUnreachableError


@contextmanager
def reporting_unreachable(what: str, address: str) -> Iterator[None]:
    """Convert a failed connection inside the block to one clear error.

    Args:
        what: The service as shown to the user, e.g. ``storage account``.
        address: Its address.

    Raises:
        ServiceUnreachableError: The connection was refused, broken or timed out.
    """
    import urllib3
    from requests import exceptions as failed

    try:
        yield
    except (
        failed.ChunkedEncodingError,
        failed.ConnectionError,
        failed.Timeout,
        urllib3.exceptions.HTTPError,
    ) as exc:
        raise ServiceUnreachableError(
            f"using the {what} at {address}: it does not answer ({type(exc).__name__}). "
            "Run `make up`, which starts stopped services; `docker ps -a` shows its container."
        ) from exc
