"""One error for a service that does not answer, whatever its client library calls that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.errors import ServiceUnreachableError


@contextmanager
def reporting_unreachable(what: str, address: str) -> Iterator[None]:
    """Turn a failed connection inside the block into one clear error.

    Args:
        what: The service as the user knows it, e.g. ``storage account``.
        address: Where it should answer.

    Raises:
        ServiceUnreachableError: The connection was refused, broke off or timed out.
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
            "Run `make up`, which starts what does not run; `docker ps -a` shows its container."
        ) from exc
