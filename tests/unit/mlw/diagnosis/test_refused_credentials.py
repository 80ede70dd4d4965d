"""Why a service refuses a stack: whose doing it is, and what to run."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.services import SERVICES
from mlw.diagnosis import refused_credentials
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.diagnosis.refused_credentials import explain
from tests.unit.states import CREDENTIALS, resource_id


def service(section: str, *, sharer: str = "fraud") -> DiagnosedService:
    """A service of stack `churn`."""
    found = SERVICES[section]
    connection = ServiceConnection(endpoint="http://x", credentials=CREDENTIALS[found.credentials_key])
    return DiagnosedService(
        service=found, resource_id=resource_id("churn", section), owner="churn", connection=connection, sharer=sharer
    )


@pytest.fixture
def rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner has other credentials than the sharer knows."""
    fresh = {key: dict.fromkeys(known, "new") for key, known in CREDENTIALS.items()}
    monkeypatch.setattr(refused_credentials, "open_stack", lambda _: SimpleNamespace(credentials=lambda: fresh))


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner has the credentials that the sharer knows."""
    monkeypatch.setattr(refused_credentials, "open_stack", lambda _: SimpleNamespace(credentials=lambda: CREDENTIALS))


@pytest.mark.usefixtures("rotated")
@pytest.mark.parametrize("section", ["containerRegistry", "applicationInsights"])
def test_a_rotation_by_the_owner_is_told_with_what_fetches_the_new_ones(section: str) -> None:
    said = explain(service(section))

    assert said.startswith("Stack 'churn', which owns it, has rotated them since the last update of stack 'fraud'.")
    assert "`make up STACK=fraud`" in said
    assert "by hand" not in said


@pytest.mark.usefixtures("unchanged")
def test_a_change_at_the_service_itself_is_no_rotation() -> None:
    said = explain(service("containerRegistry"))

    assert said.startswith("They were changed or revoked by hand; `mlw keys churn`")


@pytest.mark.usefixtures("rotated")
def test_an_own_service_is_asked_of_nobody_else() -> None:
    assert explain(replace(service("keyVault"), sharer="")).startswith("They were changed or revoked by hand")


def test_in_a_key_vault_of_another_stack_the_workspace_has_a_token_of_its_own() -> None:
    said = explain(service("keyVault"))

    assert said.startswith("The token that stack 'fraud' has in the key vault of stack 'churn' was revoked there")
    assert "`make up STACK=fraud`" in said


@pytest.mark.usefixtures("rotated")
def test_in_an_account_of_another_stack_the_workspace_is_a_user_of_its_own() -> None:
    said = explain(service("storageAccount"))

    assert "user 'key-of-storage', which stack 'fraud' has in the account of stack 'churn'" in said
    assert "`make up STACK=fraud`" in said
    assert "rotated" not in said
