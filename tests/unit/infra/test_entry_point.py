"""Which commands start the providers while the program is imported."""

from types import SimpleNamespace

import pytest

from infra import entry_point, program
from infra.host import processes


@pytest.mark.parametrize(
    ("command", "started"),
    [
        (["pulumi", "up", "--yes"], True),
        (["pulumi", "preview"], True),
        (["pulumi", "destroy", "--run-program"], False),
        (["pulumi", "down", "--run-program"], False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_destroy_does_not_start_the_providers_early(
    monkeypatch: pytest.MonkeyPatch, command: list[str], *, started: bool
) -> None:
    starts: list[object] = []
    monkeypatch.setattr(processes, "arguments_of", lambda _: command)
    monkeypatch.setattr(entry_point, "_load", lambda *_: SimpleNamespace(notices=()))
    monkeypatch.setattr(entry_point, "get_monitor", lambda: SimpleNamespace(Invoke="invoke"))
    monkeypatch.setattr(entry_point, "start_providers", starts.append)
    monkeypatch.setattr(entry_point, "leave_out_debug_messages", lambda: None)
    monkeypatch.setattr(entry_point, "leave_out_stack_traces", lambda: None)
    monkeypatch.setattr(program, "provision", lambda _: {})

    entry_point.main()

    assert starts == (["invoke"] if started else [])
