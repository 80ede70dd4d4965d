"""Containers of an account that several workspaces may use, with a fake account."""

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from infra.clients.storage.blob_containers import ContainerSettings
from infra.resources import datastore_containers
from infra.resources.datastore_containers import DatastoreContainersProvider

PROVIDER = DatastoreContainersProvider()
PROPS: dict[str, Any] = {
    "account": "stchurn",
    "storage_account": {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {"accessKey": "key", "secretKey": "secret"},
        "ca_certificate": "",
    },
    "containers": {"features": 0, "labels": 0},
    "versioned": True,
    "retention_days": 7,
    "tags": {},
}
WANTED = ContainerSettings(versioned=True, retention_days=7, tags={})


class _FakeAccount:
    """An account with its containers' settings; also its administration API, with their quotas."""

    containers: ClassVar[dict[str, ContainerSettings]]
    quotas: ClassVar[dict[str, int]]

    def __init__(self, *_: str) -> None:
        """Like the real one, without a connection."""

    def ensure(self, names: Sequence[str], wanted: ContainerSettings) -> list[str]:
        made = [name for name in names if name not in _FakeAccount.containers]
        _FakeAccount.containers |= dict.fromkeys(names, wanted)
        return made

    def describe(self, names: Sequence[str]) -> dict[str, ContainerSettings | None]:
        return {name: _FakeAccount.containers.get(name) for name in names}

    def delete_empty(self, names: Sequence[str]) -> None:
        for name in names:
            _FakeAccount.containers.pop(name, None)

    def set_quota(self, container: str, size_bytes: int) -> None:
        _FakeAccount.quotas[container] = size_bytes


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> type[_FakeAccount]:
    _FakeAccount.containers, _FakeAccount.quotas = {}, {}
    monkeypatch.setattr(datastore_containers, "BlobContainers", _FakeAccount)
    monkeypatch.setattr(datastore_containers, "StorageAdmin", _FakeAccount)
    return _FakeAccount


def _create(**changed: object) -> dict[str, Any]:
    outs = PROVIDER.create({**PROPS, **changed}).outs
    assert outs is not None
    return outs


def _update(olds: dict[str, Any], **changed: object) -> dict[str, Any]:
    outs = PROVIDER.update("stchurn", olds, {**PROPS, **changed}).outs
    assert outs is not None
    return outs


def test_created_containers_are_deleted_with_their_workspace(account: type[_FakeAccount]) -> None:
    outs = _update(_create())

    PROVIDER.delete("stchurn", outs)

    assert account.containers == {}


def test_a_container_that_was_there_before_stays(account: type[_FakeAccount]) -> None:
    account.containers["features"] = WANTED
    outs = _update(_create())

    PROVIDER.delete("stchurn", outs)

    assert set(account.containers) == {"features"}


def test_a_container_named_after_the_workspace_is_deleted_even_if_a_killed_run_created_it(
    account: type[_FakeAccount],
) -> None:
    account.containers |= {"features": WANTED, "code-guid": WANTED}
    outs = _create(containers={"features": 0, "code-guid": 0}, named_after=["code-guid"])

    PROVIDER.delete("stchurn", outs)

    assert set(account.containers) == {"features"}


def test_a_container_without_its_datastore_stays_until_the_workspace_is_destroyed(account: type[_FakeAccount]) -> None:
    outs = _update(_create(), containers={"labels": 0, "images": 0})

    assert set(account.containers) == {"features", "labels", "images"}
    PROVIDER.delete("stchurn", outs)
    assert account.containers == {}


class TestRefresh:
    """A change or deletion by hand is a difference that the next update repairs."""

    def test_nothing_differs_after_an_update(self) -> None:
        outs = _create()

        assert PROVIDER.observe("stchurn", outs).outs == outs

    @pytest.mark.parametrize(
        "found",
        [
            None,
            ContainerSettings(versioned=False, retention_days=7, tags={}),
            ContainerSettings(versioned=True, retention_days=1, tags={}),
            ContainerSettings(versioned=True, retention_days=7, tags={"a": "b"}),
            ContainerSettings(versioned=True, retention_days=7, tags={}, encrypted=False),
        ],
        ids=["gone", "no versions", "other retention", "other tags", "not encrypted"],
    )
    def test_a_differing_container_is_reported(
        self, account: type[_FakeAccount], found: ContainerSettings | None
    ) -> None:
        outs = _create()
        account.containers.pop("labels")
        if found:
            account.containers["labels"] = found

        seen = PROVIDER.observe("stchurn", outs).outs

        assert PROVIDER.diff("stchurn", dict(seen or {}), PROPS).changes

    def test_an_account_without_any_of_them_is_a_new_one(self, account: type[_FakeAccount]) -> None:
        outs = _create()
        account.containers.clear()

        assert PROVIDER.observe("stchurn", outs).id is None

    def test_retention_of_versions_is_omitted_without_versions(self, account: type[_FakeAccount]) -> None:
        outs = _create(versioned=False)
        account.containers["labels"] = ContainerSettings(versioned=False, retention_days=0, tags={})

        assert PROVIDER.observe("stchurn", outs).outs == outs


class TestQuotas:
    """The administration API is called only if a quota changes."""

    def test_a_quota_is_set_changed_and_removed(self, account: type[_FakeAccount]) -> None:
        outs = _create(containers={"features": 100.0, "labels": 0.0})
        assert account.quotas == {"features": 100}

        outs = _update(outs, containers={"features": 200.0, "labels": 0.0})
        assert account.quotas == {"features": 200}

        account.quotas.clear()
        outs = _update(outs, containers={"features": 200.0, "labels": 0.0}, tags={"a": "b"})
        assert account.quotas == {}

        _update(outs)
        assert account.quotas == {"features": 0}
