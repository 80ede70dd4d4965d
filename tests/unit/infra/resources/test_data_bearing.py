"""Resources with data check that they may be deleted."""

from collections.abc import Callable, Sequence

import pytest

from infra.clients.engine import docker_engine
from infra.clients.state import removal
from infra.errors import DataRemovalError
from infra.provider import tokens
from infra.resources.data_bearing import DataBearingProvider
from infra.resources.generated_secrets import GeneratedSecretsProvider
from infra.resources.volume_guard import VolumeGuardProvider

PROPS = {"stack_id": "1a", "resource_name": "stdev", "volumes": ["stdev-storage-data"]}


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], str]]:
    """The calls to the engine."""
    asked: list[tuple[Sequence[str], str]] = []
    monkeypatch.setattr(docker_engine, "remove_volumes", lambda names, stack_id: asked.append((names, stack_id)))
    return asked


def _answer(refusal: Exception | None) -> Callable[..., None]:
    def require_allowed(*_: str) -> None:
        if refusal:
            raise refusal

    return require_allowed


def test_volumes_are_deleted_if_that_is_allowed(
    removed: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "require_allowed", _answer(None))

    VolumeGuardProvider().delete("stdev", PROPS)

    assert removed == [(["stdev-storage-data"], "1a")]


def test_volumes_stay_when_it_is_not(removed: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "require_allowed", _answer(DataRemovalError("kept")))

    with pytest.raises(DataRemovalError, match="kept"):
        VolumeGuardProvider().delete("stdev", PROPS)

    assert removed == []


def test_every_resource_with_data_is_protected() -> None:
    asking = {name for name in tokens.MODULES if isinstance(tokens.provider_of(name), DataBearingProvider)}

    assert {name.rpartition(":")[2] for name in asking} == {
        "StackIdentity",
        "VaultInitialization",
        "VolumeGuard",
        "WorkspaceIdentity",
    }


def test_the_encryption_key_of_data_is_protected_and_other_secrets_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "require_allowed", _answer(DataRemovalError("kept")))

    GeneratedSecretsProvider().delete("id", {"data_of": None})
    with pytest.raises(DataRemovalError, match="kept"):
        GeneratedSecretsProvider().delete("id", {"data_of": {"stack_id": "1a", "resource_name": "stdev"}})
