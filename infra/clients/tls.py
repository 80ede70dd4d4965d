"""Trust in a stack's own certificate authority, for every client that reaches a service of the stack.

An authority is its certificate as PEM text; the empty text means that the stack's endpoints are plain HTTP.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


def context(authority: str) -> ssl.SSLContext | None:
    """Give a context that trusts this authority and no other; None for plain HTTP."""
    if not authority:
        return None
    trusting = ssl.create_default_context(cadata=authority)
    trusting.minimum_version = ssl.TLSVersion.TLSv1_2
    return trusting


def session(authority: str) -> requests.Session:
    """Give an HTTP session that trusts this authority and no other."""
    import requests
    from requests.adapters import HTTPAdapter

    class _Trusting(HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: object) -> None:  # noqa: FBT001, FBT002 - the base's signature
            super().init_poolmanager(connections, maxsize, block, ssl_context=context(authority), **options)

    made = requests.Session()
    if authority:
        made.mount("https://", _Trusting())
    return made
