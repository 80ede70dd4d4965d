"""Who may remove data: a stack that goes as a whole, and one that allows it by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.clients.state import removal
from infra.errors import DataRemovalError
from infra.host import processes
from infra.resources.usage_guard import UsageGuardProvider

IDENTITY = {"type": "ml-workspace:guards:StackIdentity", "outputs": {"stack_id": "1a"}}
GUARD = {"type": "ml-workspace:guards:UsageGuard", "inputs": {}}


def _change_guard(*allowed: str) -> dict[str, Any]:
    return {"type": "ml-workspace:guards:ChangeGuard", "inputs": {"allowed": list(allowed)}}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi" / "stacks" / "ml-workspace"
    folder.mkdir(parents=True)

    def _write(*resources: dict[str, Any]) -> None:
        state = {"version": 3, "checkpoint": {"latest": {"resources": resources}}}
        (folder / "dev.json").write_text(json.dumps(state))

    return _write


def _require() -> None:
    removal.require_allowed("1a", "stDev", "what is on its volumes")


def test_data_of_a_stack_that_is_complete_is_not_removed(write: Callable[..., None]) -> None:
    write(IDENTITY, _change_guard(), GUARD)

    with pytest.raises(
        DataRemovalError, match=r"'stDev': what is on its volumes would be lost.*'ml-workspace:allowReplacement'"
    ):
        _require()


def test_data_goes_where_the_stack_file_names_its_resource(write: Callable[..., None]) -> None:
    write(IDENTITY, _change_guard("STDEV"), GUARD)

    _require()


def test_data_goes_with_its_stack(write: Callable[..., None]) -> None:
    write(IDENTITY, _change_guard())

    _require()


@pytest.mark.parametrize("option", ["--target", "--target=urn:x", "-t", "--exclude=urn:x"])
def test_data_stays_when_the_command_chooses_resources(
    write: Callable[..., None], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    command = ["pulumi", "destroy", "--yes", option, "urn:x", "--target-dependents"]
    monkeypatch.setattr(processes, "arguments_of", lambda _: command)
    write(IDENTITY, _change_guard())

    UsageGuardProvider().delete("1a", {"stack": "dev", "stack_id": "1a", "resource_ids": []})

    with pytest.raises(DataRemovalError):
        _require()


def test_a_stack_without_a_state_is_gone_already(write: Callable[..., None]) -> None:
    write()

    _require()


def test_the_guards_deletion_counts_before_the_state_has_it(write: Callable[..., None]) -> None:
    write(IDENTITY, _change_guard(), GUARD)
    guard = {"stack": "dev", "stack_id": "1a", "resource_ids": []}

    UsageGuardProvider().delete("1a", guard)
    _require()
    UsageGuardProvider().create(guard)

    with pytest.raises(DataRemovalError):
        _require()
