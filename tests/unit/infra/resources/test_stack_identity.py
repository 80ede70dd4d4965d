from pathlib import Path

import pytest

from infra.clients.state import known_stacks
from infra.resources.stack_identity import StackIdentityProvider


def test_an_identity_goes_while_the_engine_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    known_stacks.remember("1a", stack="dev", backend="file:///here")
    known_stacks.set_going("1a", going=True)

    StackIdentityProvider().delete("1a", {"stack_id": "1a", "resource_name": "rg-x"})

    assert known_stacks.find("dev", backend="file:///here") is None
