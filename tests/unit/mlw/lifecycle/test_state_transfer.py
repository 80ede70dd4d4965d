"""A whole state out of a backend and into another: encrypted as the new stack's, and read back."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mlw.lifecycle import pulumi_cli, state_transfer
from mlw.lifecycle.lifecycle_errors import LifecycleError
from mlw.lifecycle.stack_context import Context
from mlw.lifecycle.state_transfer import import_state, same_resources
from tests.unit.states import a_context

SECRET = "4dabf18193072939515e22adb298388d"
PROVIDERS = {"type": "passphrase", "state": {"salt": "v1:s"}}


def exported(*resources: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(resources), **more}}


STATE = exported({"urn": "u", "outputs": {"key": {SECRET: "x", "plaintext": '"k"'}}}, secrets_providers={"type": "old"})


class Backend:
    """A CLI over a backend with one stack."""

    def __init__(self, *, held: dict[str, Any] | None, loses: bool = False) -> None:
        self.held, self.loses, self.calls, self.made = held, loses, list[str](), 0

    def query(self, _context: Context, arguments: Sequence[str], *, stdin: str = "") -> str:
        self.calls.append(arguments[1])
        if arguments[1] == "import":
            given = json.loads(stdin)
            self.held = exported() if self.loses else given
        if arguments[1] == "rm":
            self.held = None
        return json.dumps(self.held or {"version": 3, "deployment": None})

    def ensure(self, _context: Context) -> bool:
        if self.calls[-1:] == ["rm"]:
            self.held = exported(secrets_providers=PROVIDERS)
        return False


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return a_context(tmp_path)


def use(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_cli, "query", backend.query)
    monkeypatch.setattr(state_transfer, "ensure_stack", backend.ensure)


def test_the_new_stack_encrypts_it_its_own_way(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    use(backend := Backend(held=exported(secrets_providers=PROVIDERS)), monkeypatch)

    import_state(context, STATE)

    assert backend.held is not None
    assert backend.held["deployment"]["secrets_providers"] == PROVIDERS
    assert backend.held["deployment"]["resources"] == STATE["deployment"]["resources"]


def test_a_stack_that_was_half_made_is_made_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CLI was killed between writing the stack's file and choosing its encryption."""
    use(backend := Backend(held=None), monkeypatch)

    import_state(context, STATE)

    assert backend.calls == ["export", "rm", "export", "import", "export"]


def test_a_backend_that_gives_back_something_else_is_told(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    use(Backend(held=exported(secrets_providers=PROVIDERS), loses=True), monkeypatch)

    with pytest.raises(LifecycleError, match="returned something else than was written"):
        import_state(context, STATE)


def test_states_are_compared_by_what_they_hold() -> None:
    other = exported({"urn": "u", "outputs": {"key": {SECRET: "x", "plaintext": '"k"', "ciphertext": "v1:c"}}})
    changed = exported({"urn": "u", "outputs": {"key": {SECRET: "x", "plaintext": '"l"'}}})

    assert same_resources(STATE, other)
    assert not same_resources(STATE, changed)
