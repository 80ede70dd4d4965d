"""The CLI: command lines, one graceful interruption, one message for each bad end."""

import os
import signal
import stat
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlw.lifecycle import pulumi_cli
from mlw.lifecycle.lifecycle_errors import OperationCancelledError, OperationFailedError, WrongPassphraseError
from mlw.lifecycle.pulumi_cli import Outcome
from mlw.lifecycle.stack_context import Context
from tests.unit.states import Heard, a_context


def with_cli(tmp_path: Path, program: str, name: str = "pulumi-cli") -> Context:
    """A stack whose pulumi is a small program."""
    path = tmp_path / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{program}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return a_context(tmp_path)


def test_an_operation_asks_nothing_and_uses_the_private_stack_file(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    arguments = pulumi_cli.operation("up", context, "--target=urn")
    assert arguments[0] == "up"
    assert {"--yes", "--skip-preview", "--non-interactive", "--json", "--stack=dev", "--target=urn"} <= set(arguments)
    assert f"--config-file={context.private_stack_file}" in arguments


def test_removing_a_stack_takes_its_backups_and_leaves_the_users_file(tmp_path: Path) -> None:
    assert {"--remove-backups", "--preserve-config", "--yes"} <= set(pulumi_cli.remove_stack(a_context(tmp_path)))


def test_making_a_stack_happens_in_the_private_folder_and_selects_nothing(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    arguments = pulumi_cli.make_stack(context)
    assert f"--cwd={context.workdir}" in arguments
    assert "--no-select" in arguments


def test_events_and_messages_are_told_apart(tmp_path: Path) -> None:
    program = """
import sys
print('{"sequence": 1}')
print("no json")
print("5")
print("bad", file=sys.stderr)
sys.exit(3)
"""
    events: list[Mapping[str, Any]] = []
    outcome = pulumi_cli.run(with_cli(tmp_path, program), ["up"], on_event=events.append, say=Heard())
    assert events == [{"sequence": 1}]
    assert outcome.exit_code == 3
    assert set(outcome.messages.splitlines()) == {"no json", "5", "bad"}
    assert not outcome.interrupted


def test_a_run_is_marked_so_that_its_plugins_can_be_found(tmp_path: Path) -> None:
    program = "import json, os; print(json.dumps({'run': os.environ['MLW_RUN']}))"
    context, events = with_cli(tmp_path, program), []  # type: ignore[var-annotated]
    pulumi_cli.run(context, ["up"], on_event=events.append, say=Heard())
    assert events == [{"run": context.run}]


def test_interruptions_reach_pulumi_exactly_once(tmp_path: Path) -> None:
    program = """
import json, os, signal, sys, time
received = []
signal.signal(signal.SIGINT, lambda *_: received.append(1))
print(json.dumps({"session": os.getsid(0)}), flush=True)
while not received:
    time.sleep(0.01)
print(json.dumps({"first": len(received)}), flush=True)
deadline = time.monotonic() + 0.3
while time.monotonic() < deadline:
    time.sleep(0.01)
print(json.dumps({"received": len(received)}), flush=True)
sys.exit(255)
"""
    events: list[Mapping[str, Any]] = []
    heard = Heard()

    def interrupt(event: Mapping[str, Any]) -> None:
        events.append(event)
        if "session" in event or "first" in event:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    outcome = pulumi_cli.run(with_cli(tmp_path, program), ["up"], on_event=interrupt, say=heard)
    assert events[-1] == {"received": 1}
    assert events[0]["session"] != os.getsid(0)
    assert outcome.interrupted
    assert [line.split(":")[0] for line in heard.lines] == ["Stopping", "Still stopping"]
    assert signal.getsignal(signal.SIGINT) is before


def test_an_operation_that_ends_well_in_spite_of_an_interruption_has_ended_well(tmp_path: Path) -> None:
    program = "import signal, time; signal.signal(2, lambda *_: exit(0)); print('{}', flush=True); time.sleep(30)"

    def interrupt(_event: Mapping[str, Any]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    outcome = pulumi_cli.run(with_cli(tmp_path, program), ["up"], on_event=interrupt, say=Heard())
    assert outcome == Outcome(0, "", interrupted=False)


@pytest.mark.parametrize(
    ("outcome", "error", "message"),
    [
        pytest.param(
            Outcome(1, "error: get stack secrets manager: incorrect passphrase\n", interrupted=False),
            WrongPassphraseError,
            r"the passphrase in the file '.*' is not the one .* Nothing was changed",
            id="wrong passphrase",
        ),
        pytest.param(
            Outcome(1, "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE", interrupted=False),
            WrongPassphraseError,
            "is not the one",
            id="no passphrase",
        ),
        pytest.param(Outcome(255, "", interrupted=True), OperationCancelledError, "interrupted", id="interrupted"),
        pytest.param(
            Outcome(1, "error: boom\nerror: update failed\n", interrupted=False),
            OperationFailedError,
            r"running 'pulumi up' of stack 'dev': failed: boom\.$",
            id="failed with a cause",
        ),
        pytest.param(
            Outcome(-9, "", interrupted=False), OperationFailedError, r": failed\.$", id="killed without a word"
        ),
    ],
)
def test_a_bad_end_is_one_message(tmp_path: Path, outcome: Outcome, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pulumi_cli.raise_for(a_context(tmp_path), ["up", "--yes"], outcome)


def test_a_wrong_passphrase_names_the_variable_it_came_from(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context = replace(context, environment={**context.environment, "PULUMI_CONFIG_PASSPHRASE": "x"})
    with pytest.raises(WrongPassphraseError, match="in the variable PULUMI_CONFIG_PASSPHRASE is not"):
        pulumi_cli.raise_for(context, ["up"], Outcome(1, "incorrect passphrase", interrupted=False))


def test_a_good_end_raises_nothing(tmp_path: Path) -> None:
    pulumi_cli.raise_for(a_context(tmp_path), ["up"], Outcome(0, "warning", interrupted=False))


def test_the_cli_is_taken_before_the_guard_of_the_same_name(tmp_path: Path) -> None:
    with_cli(tmp_path, "print('guard')", name="pulumi")
    context = with_cli(tmp_path, "print('cli')")
    assert pulumi_cli.query(context, ["version"]) == "cli\n"


def test_heaps_may_grow_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    context = with_cli(tmp_path, "import os; print(os.environ['GOGC'])")
    own = replace(context, environment={**context.environment, "GOGC": "50"})
    assert pulumi_cli.query(context, ["version"]) == "400\n"
    assert pulumi_cli.query(own, ["version"]) == "50\n"
