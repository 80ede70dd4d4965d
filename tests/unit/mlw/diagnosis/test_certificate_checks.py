"""Findings about certificates, from real HTTPS servers."""

import datetime as dt
from pathlib import Path

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.clients.tls import certificate_authority
from infra.clients.tls.certificate_authority import KeyPair
from infra.services import STORAGE_ACCOUNT
from mlw.diagnosis.certificate_checks import check_certificates
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.diagnosis.findings import Level
from tests.support.tls_server import https_server
from tests.unit.states import resource_id


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return certificate_authority.make_authority("rg", domain="rg")


def issued(authority: KeyPair, *, days_ago: int) -> KeyPair:
    past = dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=days_ago)
    return certificate_authority.issue(authority, name="st", domain="rg", now=past)


def service(address: str, ca_certificate: str) -> DiagnosedService:
    return DiagnosedService(
        service=STORAGE_ACCOUNT,
        resource_id=resource_id("churn", "storageAccount"),
        owner="churn",
        connection=ServiceConnection(endpoint=address, ca_certificate=ca_certificate),
    )


def test_good_certificate_is_no_finding(authority: KeyPair, tmp_path: Path) -> None:
    with https_server(issued(authority, days_ago=300), tmp_path) as url:
        assert not list(check_certificates(service(url, authority.certificate)))


def test_certificate_in_its_last_days_is_a_warning_that_counts_them(authority: KeyPair, tmp_path: Path) -> None:
    with https_server(issued(authority, days_ago=380), tmp_path) as url:
        (finding,) = check_certificates(service(url, authority.certificate))

    assert (finding.code, finding.level) == ("CertificateExpires", Level.WARNING)
    assert f"certificate of {url} expires in 16 days" in finding.message
    assert "make up STACK=churn" in finding.message


def test_certificate_that_has_ended_is_an_error(authority: KeyPair, tmp_path: Path) -> None:
    with https_server(issued(authority, days_ago=400), tmp_path) as url:
        (finding,) = check_certificates(service(url, authority.certificate))

    assert (finding.code, finding.level) == ("CertificateInvalid", Level.ERROR)
    assert "certificate has expired" in finding.message


def test_certificate_of_another_authority_is_an_error(authority: KeyPair, tmp_path: Path) -> None:
    other = certificate_authority.make_authority("rg", domain="rg")
    with https_server(issued(other, days_ago=0), tmp_path) as url:
        (finding,) = check_certificates(service(url, authority.certificate))

    assert finding.code == "CertificateInvalid"


def test_server_that_is_gone_is_left_to_its_probe(authority: KeyPair, tmp_path: Path) -> None:
    with https_server(issued(authority, days_ago=0), tmp_path) as url:
        pass

    assert not list(check_certificates(service(url, authority.certificate)))


def test_plain_http_has_no_certificate_to_judge() -> None:
    assert not list(check_certificates(service("http://127.0.0.1:9", "")))
