"""The authority and its certificates, verified by OpenSSL as in Python's clients."""

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from infra.clients.tls import certificate_authority, tls_sessions
from infra.clients.tls.certificate_authority import KeyPair

DOMAIN = "rg-churn-dev"
LONG = "x" * 200
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return certificate_authority.make_authority("rg-churn-dev", domain=DOMAIN)


def shake_hands(server: KeyPair, authority: str, *, name: str, folder: Path) -> str:
    """One TLS handshake over a pair of sockets; returns the negotiated version."""
    chain = folder / "chain.pem"
    chain.write_text(server.certificate + server.private_key)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            serving.wrap_socket(theirs, server_side=True).close()
        except (ssl.SSLError, OSError):
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    trust = tls_sessions.context(authority)
    assert trust
    try:
        with trust.wrap_socket(ours, server_hostname=name) as wrapped:
            return str(wrapped.version())
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "st-storage.rg-churn-dev", "st-STORAGE.rg-churn-dev"])
def test_client_that_trusts_the_authority_accepts_the_server(authority: KeyPair, name: str, tmp_path: Path) -> None:
    server = certificate_authority.issue(authority, name="st-storage", domain=DOMAIN)

    assert shake_hands(server, authority.certificate, name=name, folder=tmp_path) == "TLSv1.3"


@pytest.mark.parametrize("name", ["127.0.0.2", "example.org", "st-storage", "other.rg-churn-dev"])
def test_server_is_not_accepted_under_another_name(authority: KeyPair, name: str, tmp_path: Path) -> None:
    server = certificate_authority.issue(authority, name="st-storage", domain=DOMAIN)

    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(server, authority.certificate, name=name, folder=tmp_path)


def test_authority_can_not_vouch_for_a_name_elsewhere(authority: KeyPair, tmp_path: Path) -> None:
    forged = certificate_authority.issue(authority, name="www", domain="example.org")

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(forged, authority.certificate, name="www.example.org", folder=tmp_path)


def test_server_can_not_issue_certificates(authority: KeyPair, tmp_path: Path) -> None:
    server = certificate_authority.issue(authority, name="st-storage", domain=DOMAIN)
    forged = certificate_authority.issue(server, name="st-other", domain=DOMAIN)
    chained = KeyPair(forged.certificate + server.certificate, forged.private_key)

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(chained, authority.certificate, name="localhost", folder=tmp_path)


def test_another_stacks_authority_is_not_trusted(authority: KeyPair, tmp_path: Path) -> None:
    server = certificate_authority.issue(authority, name="st-storage", domain=DOMAIN)
    other = certificate_authority.make_authority("rg-churn-dev", domain=DOMAIN)

    with pytest.raises(ssl.SSLCertVerificationError, match=r"certificate (verify failed|signature failure)"):
        shake_hands(server, other.certificate, name="localhost", folder=tmp_path)


def test_periods_are_ten_years_and_thirteen_months() -> None:
    authority = certificate_authority.make_authority("rg", domain=DOMAIN, now=NOW)
    server = certificate_authority.issue(authority, name="st", domain=DOMAIN, now=NOW)

    assert certificate_authority.expires(authority.certificate) == NOW + dt.timedelta(days=3650)
    assert certificate_authority.expires(server.certificate) == NOW + dt.timedelta(days=397)


@pytest.mark.parametrize(("days", "due"), [(0, False), (366, False), (368, True), (500, True)])
def test_certificate_is_due_in_its_last_thirty_days(days: int, due: bool) -> None:  # noqa: FBT001 - a table
    authority = certificate_authority.make_authority("rg", domain=DOMAIN, now=NOW)
    server = certificate_authority.issue(authority, name="st", domain=DOMAIN, now=NOW)

    assert certificate_authority.is_due(server.certificate, now=NOW + dt.timedelta(days=days)) is due


def test_longest_names_are_legal_and_stay_distinct() -> None:
    first, second = (certificate_authority.make_authority(LONG + end, domain=LONG) for end in "ab")
    subjects = {x509.load_pem_x509_certificate(made.certificate.encode()).subject for made in (first, second)}

    assert len(subjects) == 2
    assert certificate_authority.issue(first, name=LONG, domain=LONG).certificate
