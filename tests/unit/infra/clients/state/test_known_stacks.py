"""Identities that a home has recorded."""

from pathlib import Path

import pytest

from infra.clients.state import known_stacks


@pytest.fixture(autouse=True)
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of the backend; the home is a temporary folder."""
    address = f"file://{tmp_path}/state"
    monkeypatch.setenv("MLW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", address)
    return address


def test_an_identity_is_found_by_name_and_backend_however_that_is_spelt(backend: str) -> None:
    known_stacks.remember("1a", stack="dev")

    assert known_stacks.find("dev", backend=f"{backend}/") == "1a"
    assert known_stacks.find("prod", backend=backend) is None
    assert known_stacks.find("dev", backend="file:///elsewhere") is None


def test_the_newest_of_two_stacks_of_a_name_is_found(backend: str) -> None:
    for stack_id in ("ff", "1a"):
        known_stacks.remember(stack_id, stack="dev")

    assert known_stacks.find("dev", backend=backend) == "1a"


def test_removed_entry_is_not_found_and_removing_it_twice_is_fine(backend: str) -> None:
    known_stacks.remember("1a", stack="dev")
    known_stacks.forget("1a")
    known_stacks.forget("1a")

    assert known_stacks.find("dev", backend=backend) is None


def test_the_origin_names_the_backend_and_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://ada:hunter2@db.example/states?sslmode=disable")

    origin = known_stacks.describe_origin()

    assert "backend db.example/states" in origin
    assert "hunter2" not in origin


def test_removal_of_a_stack_is_visible_to_other_processes() -> None:
    known_stacks.set_going("1a", going=True)
    assert known_stacks.is_going("1a")

    known_stacks.set_going("1a", going=False)
    known_stacks.set_going("2b", going=False)
    assert not known_stacks.is_going("1a")
    assert not known_stacks.is_going("2b")
