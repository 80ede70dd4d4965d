"""The command line: what is taken, what is refused, what help says."""

import argparse

import pytest

from mlw.command import Command
from mlw.command_table import COMMANDS, GROUPS
from mlw.parser import build_parser, usage


def _words(command: Command) -> str:
    return " ".join(command.path)


def _parse(line: str) -> argparse.Namespace:
    return build_parser().parse_args(line.split())


@pytest.mark.parametrize("command", COMMANDS, ids=_words)
def test_help_of_every_command_says_what_it_does(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        build_parser().parse_args([*command.path, "--help"])

    shown = " ".join(capsys.readouterr().out.split())
    assert " ".join(command.details.split()) in shown
    assert all(argument.help in shown for argument in command.arguments)
    assert all(f"{code} {meaning}" in shown for code, meaning in command.exit_codes.items())


def test_list_of_commands_has_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        _parse("--help")

    shown = " ".join(capsys.readouterr().out.split())
    assert all(command.summary in shown for command in COMMANDS if len(command.path) == 1)
    assert all(text in shown for text in GROUPS.values())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "policy",
        "lst",
        "policy chek dev",
        "show",
        "show dev extra",
        "policy check",
        "policy check dev --json --sarif",
        "policy check dev --jso",
        "list --tag",
        "keys --all",
    ],
)
def test_a_wrong_command_line_is_refused_with_exit_code_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        _parse(line)

    assert capsys.readouterr().err.startswith("usage: mlw")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("list", {"json": False, "tag": None}),
        ("list --json --tag owner", {"json": True, "tag": "owner"}),
        ("show dev", {"stack": "dev"}),
        ("policy explain tags-resource-limit-count", {"rule": "tags-resource-limit-count"}),
        ("policy check dev --sarif", {"stack": "dev", "json": False, "sarif": True}),
        ("policy check --json dev", {"stack": "dev", "json": True, "sarif": False}),
    ],
)
def test_arguments_come_under_their_names(line: str, expected: dict[str, object]) -> None:
    options = vars(_parse(line))
    command = options.pop("command")

    assert line.startswith(_words(command))
    assert options == expected


def test_usage_shows_what_is_required_first_and_options_in_brackets() -> None:
    lines = {_words(command): usage(command) for command in COMMANDS}

    assert lines["policy check"] == "mlw policy check STACK [--json] [--sarif]"
    assert lines["list"] == "mlw list [--json] [--tag NAME]"
