"""TLS contexts and HTTP sessions that verify a service with its stack's own CA certificate, and with no other.

A CA certificate is PEM text; empty means that the stack's endpoints are plain HTTP.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


def context(ca_certificate: str) -> ssl.SSLContext | None:
    """Give a context that verifies with this CA certificate and no other; None for plain HTTP."""
    if not ca_certificate:
        return None
    verifying = ssl.create_default_context(cadata=ca_certificate)
    verifying.minimum_version = ssl.TLSVersion.TLSv1_2
    return verifying


def session(ca_certificate: str) -> requests.Session:
    """Give an HTTP session that verifies with this CA certificate and no other, without proxies and `.netrc`.

    A plain one, or one with its own context, would trust the public authorities of `certifi` (or of
    `REQUESTS_CA_BUNDLE`) besides.
    """
    import requests
    from requests.adapters import HTTPAdapter

    class _Verifying(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - handed on
            super().init_poolmanager(*args, **options, ssl_context=context(ca_certificate))

        def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - handed on
            return super().send(request, *args, **{**options, "verify": True})

        def cert_verify(self, conn: Any, *_args: object) -> None:  # noqa: ANN401 - urllib3's pool
            conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", None, None

    made = requests.Session()
    made.trust_env = False
    if ca_certificate:
        made.mount("https://", _Verifying())
    return made
