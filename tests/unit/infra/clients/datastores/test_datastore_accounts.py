"""Keys of datastores with a fake account and a fake vault, killed after every write."""

from typing import Any

import pytest

from infra.clients.datastores import datastore_accounts
from infra.clients.datastores.datastore_accounts import Datastore, DatastoreAccounts
from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.storage_admin import ServiceAccount
from infra.errors import StorageAccessError
from infra.rules.datastores.datastore_policy import datastore_policy
from tests.support.connections import to_storage, to_vault

FEATURES = Datastore(name="features", type="AzureBlob", container="features")
EXTERNAL = Datastore(
    name="archive",
    type="S3",
    container="archive",
    given={"endpoint": "https://s3", "region": "r", "accessKey": "AKIA", "secretKey": "s"},
)
GUID = "00000000-1111-2222-3333-444444444444"


class KilledError(Exception):
    """The process was killed."""


class _World:
    """Storage account and key vault; the process is killed after `lives` writes."""

    def __init__(self) -> None:
        self.accounts: dict[str, ServiceAccount] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.lives = 1000
        self.imports = 0

    def _live(self) -> None:
        if not self.lives:
            raise KilledError
        self.lives -= 1

    # The account's operator side.
    def put_service_accounts(self, accounts: list[ServiceAccount]) -> None:
        self._live()
        self.imports += 1
        self.accounts |= {account.access_key: account for account in accounts}

    def remove_service_account(self, access_key: str) -> None:
        self._live()
        self.accounts.pop(access_key, None)

    # The key vault.
    def read(self, path: str) -> dict[str, Any] | None:
        found = self.secrets.get(path.replace("/data/", "/"))
        return None if found is None else {"data": found}

    def write(self, path: str, data: dict[str, Any]) -> None:
        self._live()
        self.secrets[path.replace("/data/", "/")] = data["data"]

    def delete(self, path: str) -> None:
        self._live()
        self.secrets.pop(path.replace("/metadata/", "/"), None)

    def can_use(self, connection: ServiceConnection, container: str) -> bool:
        account = self.accounts.get(connection.credentials["accessKey"])
        granted = f"arn:aws:s3:::{container}/*"
        has_key = account is not None and account.secret_key == connection.credentials["secretKey"]
        return has_key and granted in str(account and account.policy)

    def secret(self, path: str) -> dict[str, str]:
        return self.secrets[f"datastores/{path}"]

    def lets_in(self, secret: dict[str, str]) -> bool:
        return self.can_use(ServiceConnection(endpoint="", credentials=secret), secret["container"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> _World:
    world = _World()
    monkeypatch.setattr(datastore_accounts, "StorageAdmin", lambda *_: world)
    monkeypatch.setattr(datastore_accounts, "Vault", lambda *_, **__: world)
    monkeypatch.setattr(datastore_accounts, "can_use", world.can_use)
    return world


def accounts(folder: str = "", workspace_id: str = GUID, endpoint: str = "http://127.0.0.1:1") -> DatastoreAccounts:
    return DatastoreAccounts(
        storage_account=to_storage(endpoint, "root", "word"),
        key_vault=to_vault("http://127.0.0.1:2", "token"),
        workspace_id=workspace_id,
        folder=folder,
    )


def test_every_datastore_gets_an_account_and_a_secret_that_fits(world: _World) -> None:
    accounts().ensure([FEATURES, Datastore(name="labels", type="AzureFile", container="labels")])

    assert set(world.secrets) == {"datastores/features", "datastores/labels"}
    assert all(world.lets_in(secret) for secret in world.secrets.values())
    assert world.secret("features") | {"accessKey": "", "secretKey": ""} == {
        "type": "AzureBlob",
        "endpoint": "http://127.0.0.1:1",
        "region": "us-east-1",
        "container": "features",
        "accessKey": "",
        "secretKey": "",
    }
    assert world.imports == 1


def test_intact_credentials_are_left_alone(world: _World) -> None:
    accounts().ensure([FEATURES, EXTERNAL])
    before, world.lives = dict(world.secrets), 0

    accounts().ensure([FEATURES, EXTERNAL])

    assert world.secrets == before
    assert accounts().broken([FEATURES, EXTERNAL]) == []


@pytest.mark.parametrize("lives", range(2))
def test_a_run_that_is_killed_is_finished_by_the_next_one(world: _World, lives: int) -> None:
    world.lives = lives
    with pytest.raises(KilledError):
        accounts().ensure([FEATURES])
    world.lives = 1000

    accounts().ensure([FEATURES])

    assert world.lets_in(world.secret("features"))
    assert len(world.accounts) == 1


@pytest.mark.parametrize("lives", range(4))
def test_a_killed_rotation_leaves_a_valid_secret_and_is_finished_by_the_next_one(world: _World, lives: int) -> None:
    accounts().ensure([FEATURES])
    first = dict(world.secret("features"))
    world.lives = lives
    if lives < 3:
        with pytest.raises(KilledError):
            accounts().rotate(FEATURES)
    else:
        accounts().rotate(FEATURES)
    assert world.lets_in(world.secret("features"))
    world.lives = 1000

    accounts().rotate(FEATURES)

    assert world.lets_in(world.secret("features"))
    assert not world.lets_in(first)
    assert len(world.accounts) == 1


def test_old_keys_are_valid_until_the_vault_has_the_new_ones(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts().ensure([FEATURES])
    first, seen = dict(world.secret("features")), []
    write = world.write

    def watched(path: str, data: dict[str, Any]) -> None:
        seen.append((world.lets_in(first), world.lets_in(data["data"])))
        write(path, data)

    monkeypatch.setattr(world, "write", watched)
    accounts().rotate(FEATURES)

    assert seen == [(True, True)]


def test_without_a_secret_there_is_nothing_to_rotate(world: _World) -> None:
    with pytest.raises(StorageAccessError, match=r"'features'.*'datastores/features'.*make up"):
        accounts().rotate(FEATURES)


class TestRepair:
    """Everything that is missing or does not match."""

    def test_a_lost_secret_gets_new_keys_and_the_old_account_is_replaced(self, world: _World) -> None:
        accounts().ensure([FEATURES])
        lost = world.secrets.pop("datastores/features")
        assert accounts().broken([FEATURES]) == ["features"]

        accounts().ensure([FEATURES])

        assert world.lets_in(world.secret("features"))
        assert not world.lets_in(lost)

    def test_a_lost_account_is_recreated_from_the_existing_secret(self, world: _World) -> None:
        accounts().ensure([FEATURES])
        before = dict(world.secret("features"))
        world.accounts.clear()
        assert accounts().broken([FEATURES]) == ["features"]

        accounts().ensure([FEATURES])

        assert world.secret("features") == before
        assert world.lets_in(before)

    def test_another_container_or_address_keeps_the_keys(self, world: _World) -> None:
        accounts().ensure([FEATURES])
        before = dict(world.secret("features"))

        accounts(endpoint="http://127.0.0.1:9").ensure(
            [Datastore(name="features", type="AzureBlob", container="features-v2")]
        )

        after = world.secret("features")
        assert {key for key in after if after[key] != before[key]} == {"container", "endpoint"}
        assert world.lets_in(after)
        assert not world.lets_in(before)

    def test_changed_keys_of_an_external_store_are_detected_and_written(self, world: _World) -> None:
        accounts().ensure([EXTERNAL])
        world.secrets["datastores/archive"]["secretKey"] = "other"
        assert accounts().broken([EXTERNAL]) == ["archive"]

        accounts().ensure([EXTERNAL])

        assert world.secret("archive")["secretKey"] == "s"
        assert world.accounts == {}


class TestSharedServices:
    """Two workspaces in one account and one vault, with datastores of one name."""

    def test_neither_keys_nor_secrets_collide(self, world: _World) -> None:
        other = "99999999-1111-2222-3333-444444444444"
        accounts().ensure([FEATURES])
        accounts(folder=other, workspace_id=other).ensure([FEATURES])

        assert set(world.secrets) == {"datastores/features", f"datastores/{other}/features"}
        assert len(world.accounts) == 2

    def test_leaving_removes_only_the_workspaces_own_objects(self, world: _World) -> None:
        other = "99999999-1111-2222-3333-444444444444"
        accounts().ensure([FEATURES])
        leaving = accounts(folder=other, workspace_id=other)
        leaving.ensure([FEATURES])
        leaving.rotate(FEATURES)

        leaving.remove_accounts(["features"])
        leaving.remove_secrets(["features"])

        assert set(world.secrets) == {"datastores/features"}
        assert [world.lets_in(secret) for secret in world.secrets.values()] == [True]
        assert len(world.accounts) == 1


class TestPolicy:
    """The permissions of keys."""

    def test_only_the_own_container_is_named_and_nothing_is_purged(self) -> None:
        statements = datastore_policy("features", has_record=False)["Statement"]

        assert {resource for one in statements for resource in one["Resource"]} == {
            "arn:aws:s3:::features",
            "arn:aws:s3:::features/*",
        }
        actions = {action for one in statements for action in one["Action"]}
        assert not actions & {"s3:DeleteObjectVersion", "s3:DeleteBucket", "s3:PutBucketVersioning", "s3:*"}

    def test_the_workspace_record_is_denied_for_every_way_of_writing(self) -> None:
        (denied,) = [
            one for one in datastore_policy("azureml", has_record=True)["Statement"] if one["Effect"] == "Deny"
        ]

        assert denied["Resource"] == ["arn:aws:s3:::azureml/workspace.json"]
        assert {"s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"} <= set(denied["Action"])
