"""Trust in a stack's own certificate authority, for every client that reaches a service of the stack.

An authority is its certificate as PEM text; the empty text means that the stack's endpoints are plain HTTP.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

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
    """Give an HTTP session that trusts this authority and no other, and heeds no proxy or `.netrc` of the environment.

    A plain one, or one with its own context, would trust the public authorities of `certifi` (or of
    `REQUESTS_CA_BUNDLE`) besides.
    """
    import requests
    from requests.adapters import HTTPAdapter

    class _Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - handed on
            super().init_poolmanager(*args, **options, ssl_context=context(authority))

        def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - handed on
            return super().send(request, *args, **{**options, "verify": True})

        def cert_verify(self, conn: Any, *_args: object) -> None:  # noqa: ANN401 - urllib3's pool
            conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", None, None

    made = requests.Session()
    made.trust_env = False
    if authority:
        made.mount("https://", _Trusting())
    return made
