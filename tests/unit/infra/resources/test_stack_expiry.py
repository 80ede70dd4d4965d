"""A stack's lifetime starts with its first update, even if the setting is added later."""

import json
from pathlib import Path

import pytest

from infra.clients.state import stack_states
from infra.resources.stack_expiry import StackExpiryProvider

PROPS = {"project": "ml-workspace", "stack": "dev", "expires_after": "7d", "expires_on": ""}


def test_a_new_stacks_time_counts_from_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())

    made = StackExpiryProvider().create(dict(PROPS))
    kept = stack_states.expiry_of([{"type": "ml-workspace:guards:StackExpiry", "outputs": made.outs}])

    assert kept is not None
    assert kept.after == "7d"
    assert (kept.moment - kept.since).days == 7


def test_the_time_of_a_stack_that_is_up_counts_from_its_creation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    outputs = {"creation_time": "2026-01-01T00:00:00.000Z"}
    identity = {"type": "ml-workspace:machinelearningservices:WorkspaceIdentity", "outputs": outputs}
    folder = tmp_path / ".pulumi" / "stacks" / "ml-workspace"
    folder.mkdir(parents=True)
    state = {"version": 3, "checkpoint": {"latest": {"resources": [identity]}}}
    (folder / "dev.json").write_text(json.dumps(state))

    assert StackExpiryProvider().create(dict(PROPS)).outs["since"] == "2026-01-01T00:00:00.000Z"


def test_another_setting_keeps_the_beginning() -> None:
    olds = {**PROPS, "since": "2026-01-01T00:00:00Z"}

    updated = StackExpiryProvider().update("dev", olds, {**PROPS, "expires_after": "30d"}).outs

    assert (updated["since"], updated["expires_after"]) == ("2026-01-01T00:00:00Z", "30d")
