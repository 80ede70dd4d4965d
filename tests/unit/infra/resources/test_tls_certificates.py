"""When a stack's authority and its certificates are issued, kept and renewed."""

import datetime as dt
from typing import Any

import pytest

from infra.clients.tls import certificate_authority
from infra.resources.tls_certificates import CertificateAuthorityProvider, ServerCertificatesProvider

AUTHORITY: dict[str, Any] = {"owner": "rg", "domain": "rg", "rotation": ""}


def authority() -> dict[str, Any]:
    outs = CertificateAuthorityProvider().create(dict(AUTHORITY)).outs
    assert outs
    return outs


def wanted(authority: dict[str, Any], **changed: object) -> dict[str, Any]:
    given = {"ca_certificate": authority["certificate"], "ca_private_key": authority["private_key"]}
    return {"servers": ["st", "kv"], "domain": "rg", "rotation": "", **given, **changed}


@pytest.fixture(scope="module")
def first() -> dict[str, Any]:
    return authority()


@pytest.fixture(scope="module")
def issued(first: dict[str, Any]) -> dict[str, Any]:
    outs = ServerCertificatesProvider().create(wanted(first)).outs
    assert outs
    return outs


def updated(olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    outs = ServerCertificatesProvider().update("rg", olds, news).outs
    assert outs
    return dict(outs["issued"])


def test_nothing_changes_unless_requested_or_due(first: dict[str, Any], issued: dict[str, Any]) -> None:
    assert not CertificateAuthorityProvider().diff("rg", first, AUTHORITY).changes
    assert not ServerCertificatesProvider().diff("rg", issued, wanted(first)).changes


def test_adding_or_removing_a_server_keeps_the_others_certificates(
    first: dict[str, Any], issued: dict[str, Any]
) -> None:
    news = wanted(first, servers=["st", "additional"])

    assert ServerCertificatesProvider().diff("rg", issued, news).changes
    after = updated(issued, news)
    assert set(after) == {"st", "additional"}
    assert after["st"] == issued["issued"]["st"]


def test_new_authority_issues_all_certificates(issued: dict[str, Any]) -> None:
    after = updated(issued, wanted(authority()))

    assert not {str(pair) for pair in after.values()} & {str(pair) for pair in issued["issued"].values()}


def test_rotation_is_done_once(first: dict[str, Any], issued: dict[str, Any]) -> None:
    provider, asked = ServerCertificatesProvider(), wanted(first, rotation="1")

    assert provider.diff("rg", issued, asked).changes
    rotated = {**asked, "issued": updated(issued, asked)}
    assert rotated["issued"]["st"] != issued["issued"]["st"]
    assert not provider.diff("rg", rotated, asked).changes
    assert not provider.diff("rg", rotated, wanted(first)).changes


def test_due_certificate_is_reissued_and_the_others_stay(first: dict[str, Any], issued: dict[str, Any]) -> None:
    key = certificate_authority.KeyPair(first["certificate"], first["private_key"])
    past = dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=370)
    old = certificate_authority.issue(key, name="st", domain="rg", now=past)
    pair = {"certificate": old.certificate, "private_key": old.private_key}
    before = {**issued, "issued": {**issued["issued"], "st": pair}}

    assert ServerCertificatesProvider().diff("rg", before, wanted(first)).changes
    after = updated(before, wanted(first))
    assert after["st"] != pair
    assert after["kv"] == issued["issued"]["kv"]
