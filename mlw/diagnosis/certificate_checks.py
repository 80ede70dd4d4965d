"""Findings about certificates of services: not trusted, or about to expire."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from infra.clients import readiness_probes
from infra.clients.tls import tls_sessions
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.diagnosis.findings import Finding, Level

WARNING_DAYS = 30
"""In its last days a certificate is renewed by the next update (`infra.clients.tls.certificate_authority`)."""


def check_certificates(service: DiagnosedService) -> Iterator[Finding]:
    """Findings about the certificates of all addresses of one service; none for plain HTTP.

    An address that does not respond is no finding here: the probes of the service report it.
    """
    for address in service.addresses if service.connection.ca_certificate else ():
        try:
            days = (_expiry(address, service.connection.ca_certificate) - dt.datetime.now(tz=dt.UTC)).days
        except ssl.SSLCertVerificationError as exc:
            yield _untrusted(service, address, exc.verify_message)
        except OSError:
            continue
        else:
            if days < WARNING_DAYS:
                yield _ending(service, address, days)


def _expiry(address: str, ca_certificate: str) -> dt.datetime:
    """When the certificate of the server expires.

    Raises:
        SSLCertVerificationError: Another CA issued it, it is another server's, or it has expired.
        OSError: There is no server, or it does not speak TLS.
    """
    url, context = urlsplit(address), tls_sessions.context(ca_certificate)
    host = url.hostname or ""
    with socket.create_connection((host, url.port or 443), timeout=readiness_probes.PROBE_TIMEOUT_SECONDS) as plain:
        if context is None:
            raise OSError("no CA certificate to verify with")
        with context.wrap_socket(plain, server_hostname=host) as wrapped:
            shown = wrapped.getpeercert() or {}
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), tz=dt.UTC)


def _untrusted(service: DiagnosedService, address: str, reason: str) -> Finding:
    return Finding(
        group=service.group,
        code="CertificateInvalid",
        message=f"{service.what}: clients reject the certificate of {address}: {reason}. Run `make up "
        f"STACK={service.owner}`, which renews an expired certificate. If it is not the stack's certificate, "
        "another program listens at this address.",
    )


def _ending(service: DiagnosedService, address: str, days: int) -> Finding:
    return Finding(
        group=service.group,
        code="CertificateExpires",
        level=Level.WARNING,
        message=f"{service.what}: the certificate of {address} expires in {days} days. Run `make up "
        f"STACK={service.owner}`, which renews it.",
    )
