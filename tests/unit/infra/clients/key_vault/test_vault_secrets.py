"""Vault's data about a secret, converted to Azure's properties."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.clients.key_vault.vault_secrets import Secret, from_metadata
from mlw.key_vault.secret_commands import as_json, past_retention

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def version(*, deleted: str = "", destroyed: bool = False) -> dict[str, Any]:
    return {"created_time": "2026-11-01T10:00:00.123456789Z", "deletion_time": deleted, "destroyed": destroyed}


def secret(*versions: dict[str, Any], **beside: str) -> Secret | None:
    known = {"versions": {str(n): v for n, v in enumerate(versions, 1)}, "custom_metadata": beside or None}
    return from_metadata("a", known, now=NOW)


def test_a_secret_is_its_newest_version_with_a_value() -> None:
    found = secret(version(), version(), version(destroyed=True))

    assert found is not None
    assert (found.version, found.versions, found.deleted) == (2, (1, 2), None)
    assert found.updated == datetime(2026, 11, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("versions", [(), (version(destroyed=True),)], ids=["only metadata", "only purged versions"])
def test_entry_without_a_value_is_not_a_secret(versions: tuple[dict[str, Any], ...]) -> None:
    assert secret(*versions) is None


@pytest.mark.parametrize(
    ("versions", "is_deleted"),
    [
        ((version(deleted="2026-11-20T10:00:00Z"),), True),
        ((version(), version(deleted="2026-11-20T10:00:00.9Z")), True),
        ((version(deleted="2026-11-20T10:00:00Z"), version()), False),
        ((version(deleted="2026-12-20T10:00:00Z"),), False),
    ],
    ids=["its only version", "its newest version", "an older version", "in the future"],
)
def test_a_secret_is_deleted_when_its_newest_version_is(versions: tuple[dict[str, Any], ...], is_deleted: bool) -> None:  # noqa: FBT001
    found = secret(*versions)

    assert found is not None
    assert (found.deleted is not None) is is_deleted


@pytest.mark.parametrize(
    ("age", "purged"),
    [(timedelta(days=7), True), (timedelta(days=6, hours=23), False), (None, False)],
    ids=["on the date", "an hour before", "not deleted"],
)
def test_only_expired_secrets_are_swept(age: timedelta | None, purged: bool) -> None:  # noqa: FBT001
    found = Secret(name="a", version=1, updated=NOW, deleted=NOW - age if age else None)

    assert bool(past_retention([found], 7, now=NOW)) is purged


def test_the_printed_secret_uses_azure_names() -> None:
    deleted = NOW - timedelta(days=1)
    found = Secret(name="a", version=3, updated=NOW, deleted=deleted, content_type="text/plain")

    assert as_json(found, 7) == {
        "name": "a",
        "version": 3,
        "updated": "2026-11-22T12:00:00+00:00",
        "contentType": "text/plain",
        "expires": None,
        "deletedDate": "2026-11-21T12:00:00+00:00",
        "scheduledPurgeDate": "2026-11-28T12:00:00+00:00",
    }
