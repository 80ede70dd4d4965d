"""Clients of a stack trust only the stack's authority, in any environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from requests import adapters

from infra.clients.readiness_probes import http_probe
from infra.clients.tls import certificate_authority, tls_sessions
from infra.clients.tls.certificate_authority import KeyPair
from tests.support.tls_server import https_server

DOMAIN = "rg-test"


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return certificate_authority.make_authority("rg-test", domain=DOMAIN)


@pytest.fixture(scope="module")
def other() -> KeyPair:
    return certificate_authority.make_authority("rg-other", domain=DOMAIN)


@pytest.fixture(scope="module")
def url(authority: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = certificate_authority.issue(authority, name="st", domain=DOMAIN)
    with https_server(server, tmp_path_factory.mktemp("tls")) as served:
        yield served


def test_session_accepts_a_server_of_its_authority(url: str, authority: KeyPair) -> None:
    with tls_sessions.session(authority.certificate) as session:
        assert session.get(url, timeout=5).status_code == 204


@pytest.mark.parametrize("verify", [True, False], ids=["verify", "told not to verify"])
def test_session_rejects_a_server_of_another_authority(url: str, other: KeyPair, *, verify: bool) -> None:
    with tls_sessions.session(other.certificate) as session, pytest.raises(requests.exceptions.SSLError):
        session.get(url, timeout=5, verify=verify)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_session_does_not_also_trust_public_authorities(
    url: str, authority: KeyPair, other: KeyPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, variable: str
) -> None:
    public = tmp_path / "public.pem"
    public.write_text(authority.certificate)
    monkeypatch.setattr(adapters, "DEFAULT_CA_BUNDLE_PATH", str(public))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(public))

    assert requests.get(url, timeout=5).status_code == 204, "otherwise this test says nothing"
    with tls_sessions.session(other.certificate) as session, pytest.raises(requests.exceptions.SSLError):
        session.get(url, timeout=5)


def test_session_ignores_the_proxies_of_the_environment(
    url: str, authority: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    with tls_sessions.session(authority.certificate) as session:
        assert session.get(url, timeout=5).status_code == 204


def test_session_without_an_authority_rejects_the_server(url: str) -> None:
    with tls_sessions.session("") as session, pytest.raises(requests.exceptions.SSLError):
        session.get(url, timeout=5)


def test_probe_passes_only_with_the_servers_authority(url: str, authority: KeyPair, other: KeyPair) -> None:
    expected = frozenset({204})

    assert http_probe(url, expected=expected, ca_certificate=authority.certificate)().passed
    refused = http_probe(url, expected=expected, ca_certificate=other.certificate)()
    assert not refused.passed
    assert "SSLCertVerificationError" in refused.seen


def test_plain_http_to_a_port_with_tls_fails(url: str) -> None:
    assert not http_probe(url.replace("https", "http"), expected=frozenset({204}))().passed
