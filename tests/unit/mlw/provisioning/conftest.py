"""The life cycle and the user as fakes: what is run with which stack file, and what is asked."""

from collections.abc import Iterator

import pytest

from infra.errors import MlWorkspaceError
from mlw.lifecycle import down, run_events, stack_commands
from mlw.lifecycle.stack_context import Context
from mlw.provisioning import questions
from tests.unit.states import Place


class Runs:
    """Runs of the life cycle, and the replies of the user."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.done: list[str] = []
        self.texts: list[str] = []
        self.asked: list[str] = []
        self.replies: list[str] = []
        self.error: MlWorkspaceError | None = None

    def up(self, context: Context) -> None:
        self.done.append("up")
        self.texts.append(context.stack_file.read_text())
        run_events.emit("resource", operation="create")
        if self.error:
            raise self.error
        print("workspace is ready")
        self.place.deploy(context.stack)

    def preview(self, context: Context, *, to: int | None = None) -> None:
        self.done.append(f"preview{f' to {to}' if to else ''}")
        self.texts.append(context.stack_file.read_text())

    def down(self, _context: Context) -> None:
        self.done.append("down")

    def ask(self, question: str, default: str = "") -> str:
        self.asked.append(question)
        return self.replies.pop(0) if self.replies else default

    def confirm(self, question: str) -> bool:
        self.asked.append(question)
        return bool(self.replies and self.replies.pop(0) == "y")


@pytest.fixture
def runs(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """Without a terminal."""
    found = Runs(place)
    monkeypatch.setattr(stack_commands, "up", found.up)
    monkeypatch.setattr(stack_commands, "preview", found.preview)
    monkeypatch.setattr(down, "down", found.down)
    monkeypatch.setattr(questions, "ask", found.ask)
    monkeypatch.setattr(questions, "confirm", found.confirm)
    monkeypatch.setattr(questions, "can_ask", lambda: False)
    yield found
    assert not list(place.state.parent.glob("proposal-*"))


@pytest.fixture
def terminal(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """With a terminal, on which the user gives the replies of the test."""
    monkeypatch.setattr(questions, "can_ask", lambda: True)
    return runs
