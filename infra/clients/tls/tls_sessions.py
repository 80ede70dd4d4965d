"""TLS contexts and HTTP sessions that trust only the stack's own CA certificate.

A CA certificate is PEM text; empty means that the stack's endpoints are plain HTTP.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


def context(ca_certificate: str) -> ssl.SSLContext | None:
    """A context that trusts only this CA certificate; None for plain HTTP."""
    if not ca_certificate:
        return None
    verifying = ssl.create_default_context(cadata=ca_certificate)
    verifying.minimum_version = ssl.TLSVersion.TLSv1_2
    return verifying


def session(ca_certificate: str) -> requests.Session:
    """An HTTP session that trusts only this CA certificate, without proxies and `.netrc`.

    A plain session, or one with its own context, would also trust the public CAs of `certifi` (or of
    `REQUESTS_CA_BUNDLE`).
    """
    import requests
    from requests.adapters import HTTPAdapter

    class _Verifying(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
            super().init_poolmanager(*args, **options, ssl_context=context(ca_certificate))

        def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - passed on
            return super().send(request, *args, **{**options, "verify": True})

        def cert_verify(self, conn: Any, *_args: object) -> None:  # noqa: ANN401 - urllib3's pool
            conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", None, None

    made = requests.Session()
    made.trust_env = False
    if ca_certificate:
        made.mount("https://", _Verifying())
    return made
