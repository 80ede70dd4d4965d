"""When data may be deleted: with its whole stack, or if the stack file names it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.clients.state import removal
from infra.errors import DataRemovalError
from infra.host import processes
from infra.resources.change_guard import ChangeGuardProvider
from infra.resources.usage_guard import UsageGuardProvider

IDENTITY = {"type": "ml-workspace:guards:StackIdentity", "outputs": {"stack_id": "1a"}}
GUARD = {"type": "ml-workspace:guards:UsageGuard", "inputs": {}}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("MLW_HOME", str(tmp_path / "home"))
    folder = tmp_path / ".pulumi" / "stacks" / "ml-workspace"
    folder.mkdir(parents=True)

    def _write(*resources: dict[str, Any]) -> None:
        state = {"version": 3, "checkpoint": {"latest": {"resources": resources}}}
        (folder / "dev.json").write_text(json.dumps(state))

    return _write


def _require() -> None:
    removal.require_allowed("1a", "stDev", "what is on its volumes")


def test_data_of_a_stack_that_is_complete_is_not_removed(write: Callable[..., None]) -> None:
    write(IDENTITY, GUARD)

    with pytest.raises(
        DataRemovalError, match=r"'stDev': what is on its volumes would be lost.*'ml-workspace:allowReplacement'"
    ):
        _require()


def test_data_may_be_deleted_if_the_stack_file_names_its_resource(write: Callable[..., None]) -> None:
    write(IDENTITY, GUARD)

    ChangeGuardProvider().check({}, {"project": "p", "stack": "dev", "resources": {}, "allowed": ["STDEV"]})
    _require()

    ChangeGuardProvider().check({}, {"project": "p", "stack": "dev", "resources": {}, "allowed": []})
    with pytest.raises(DataRemovalError):
        _require()


def test_data_is_deleted_with_its_stack(write: Callable[..., None]) -> None:
    write(IDENTITY)

    _require()


@pytest.mark.parametrize("option", ["--target", "--target=urn:x", "-t", "-turn:x", "-yt", "--exclude=urn:x"])
def test_data_stays_when_the_command_chooses_resources(
    write: Callable[..., None], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    command = ["pulumi", "destroy", "--yes", option, "urn:x", "--target-dependents"]
    monkeypatch.setattr(processes, "arguments_of", lambda _: command)
    write(IDENTITY)

    UsageGuardProvider().delete("1a", {"stack": "dev", "stack_id": "1a", "resource_ids": []})

    with pytest.raises(DataRemovalError):
        _require()


def test_data_stays_when_a_variable_chooses_resources(
    write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_OPTION_TARGET", "urn:x")
    write(IDENTITY)

    with pytest.raises(DataRemovalError):
        _require()


@pytest.mark.parametrize("words", [["--stack", "test"], ["-stest"], ["-m", "a text"], ["--color=never"]])
def test_other_words_choose_nothing(
    write: Callable[..., None], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(processes, "arguments_of", lambda _: ["pulumi", "destroy", *words])
    write(IDENTITY)

    _require()


def test_data_stays_without_a_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a backend other than files, only the guard itself says that the stack is being removed."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    monkeypatch.setenv("MLW_HOME", str(tmp_path))

    with pytest.raises(DataRemovalError):
        _require()


@pytest.mark.parametrize("backend", ["", "s3://bucket"], ids=["a file, not written yet", "another backend"])
def test_the_guards_record_counts_until_there_is_a_new_guard(
    write: Callable[..., None], monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    write(IDENTITY, GUARD)
    if backend:
        monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    guard = {"stack": "dev", "stack_id": "1a", "resource_ids": []}

    UsageGuardProvider().delete("1a", guard)
    _require()
    UsageGuardProvider().create(guard)

    with pytest.raises(DataRemovalError):
        _require()
