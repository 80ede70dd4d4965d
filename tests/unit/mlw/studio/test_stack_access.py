"""With a principal, nothing but its own credentials is used."""

import dataclasses

import pytest

from infra.clients.key_vault import vault_secrets
from infra.errors import ServiceError
from mlw.client_environment import principal_access
from mlw.stacks.stacks import Stack
from mlw.studio import stack_access
from mlw.studio.panel import PanelRequest
from mlw.studio.panels import secrets_panel
from mlw.studio.stack_access import AccessCache, NoAccessError
from tests.unit.states import CREDENTIALS, Place, a_workspace, the_outputs


@pytest.fixture
def decrypted(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of stacks whose credentials were decrypted, in order."""
    names: list[str] = []

    def credentials(stack: Stack) -> dict[str, dict[str, str]]:
        names.append(stack.name)
        return CREDENTIALS

    place.deploy("churn")
    monkeypatch.setattr(Stack, "credentials", credentials)
    return names


@pytest.fixture
def as_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A principal with access to the storage account and, read-only, to the registry."""
    held = {"storage": {"accessKey": "rita", "secretKey": "hers"}, "registry": {"username": "rita", "password": "p"}}

    def access(_stack: Stack, _name: str, endpoints: dict[str, str]) -> object:
        return {**endpoints, "registry": endpoints["registryReadOnly"]}, held

    monkeypatch.setattr(principal_access, "access_of_principal", access)


def test_credentials_are_decrypted_once(decrypted: list[str]) -> None:
    cache = AccessCache()

    assert cache.of("churn").credentials == cache.of("churn").credentials == CREDENTIALS
    assert decrypted == ["churn"]


def test_they_are_read_again_after_an_update(decrypted: list[str], place: Place) -> None:
    cache = AccessCache()
    cache.of("churn")
    outputs = the_outputs("churn", endpoints={**the_outputs("churn")["endpoints"], "storage": "http://127.0.0.1:1"})
    place.deploy("churn", a_workspace("churn", outputs=outputs))

    assert cache.of("churn").endpoints["storage"] == "http://127.0.0.1:1"
    assert decrypted == ["churn", "churn"]


def test_they_are_read_again_after_some_minutes(decrypted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_access, "KEPT_SECONDS", -1.0)
    cache = AccessCache()
    cache.of("churn")
    cache.of("churn")

    assert decrypted == ["churn", "churn"]


@pytest.mark.usefixtures("as_reader")
def test_a_principal_has_its_own_credentials_only(decrypted: list[str]) -> None:
    access = AccessCache("rita").of("churn")

    assert access.connection("storageAccount", "listing").credentials == {"accessKey": "rita", "secretKey": "hers"}
    assert access.connection("containerRegistry", "listing").endpoint == "http://127.0.0.1:20006"
    assert decrypted == []
    with pytest.raises(
        NoAccessError, match=r"listing: principal 'rita' has no credentials for the key vault 'kv-churn'"
    ):
        access.connection("keyVault", "listing")


def test_a_role_without_secrets_is_explained(decrypted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_vault: object, **_now: object) -> None:
        raise ServiceError("the key vault returned Forbidden")

    monkeypatch.setattr(vault_secrets, "list_secrets", refuse)
    access = AccessCache().of("churn")

    with pytest.raises(NoAccessError, match="listing secrets: the roles of principal 'cole' do not include it"):
        secrets_panel.load(PanelRequest(access=dataclasses.replace(access, principal="cole")))
    with pytest.raises(ServiceError, match="returned Forbidden"):
        secrets_panel.load(PanelRequest(access=access))


@pytest.mark.usefixtures("as_reader", "decrypted")
def test_records_of_the_machine_are_not_for_principals() -> None:
    stack_access.refuse_principals(AccessCache().of("churn"), "reading costs")

    with pytest.raises(NoAccessError, match="reading costs as principal 'rita': these are records of this machine"):
        stack_access.refuse_principals(AccessCache("rita").of("churn"), "reading costs")


def test_credentials_are_in_no_representation(decrypted: list[str]) -> None:
    shown = repr(AccessCache().of("churn"))

    assert [value for held in CREDENTIALS.values() for value in held.values() if value in shown] == []
