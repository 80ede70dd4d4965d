from pathlib import Path
from typing import Any

import pytest

from infra.clients.engine.claims import open_claims
from infra.errors import EarlierVersionError
from infra.resources.engine_reservation import EngineReservationProvider

INPUTS: dict[str, Any] = {"stack": "dev", "images": {"minio": "ml-workspace/minio:1"}, "revisions": {"minio": 1.0}}


def test_the_next_revision_of_an_image_under_the_same_tag_is_a_change() -> None:
    provider = EngineReservationProvider()

    assert not provider.diff("id", INPUTS, INPUTS).changes
    assert provider.diff("id", INPUTS, {**INPUTS, "revisions": {"minio": 2.0}}).changes


def test_unclaimed_ports_of_a_stack_are_claimed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a soft-deleted stack is recovered."""
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    provider, olds = EngineReservationProvider(), {**INPUTS, "ports": {"storage": 21000.0}}

    assert provider.diff("id", olds, INPUTS).changes
    with open_claims("ports") as claims:
        claims["id"] = {"storage": 21000}
    assert not provider.diff("id", olds, INPUTS).changes


def test_a_stack_that_was_not_adopted_keeps_its_identity() -> None:
    with pytest.raises(EarlierVersionError, match="Run `make up STACK=dev`"):
        EngineReservationProvider().update("id", {**INPUTS, "backend": "0123"}, {**INPUTS, "stack_id": "1a"})
