"""The command line: what is accepted, what is rejected, what the help says."""

import shlex
from typing import cast

import pytest

from mlw import completion
from mlw.command import DONE, PROGRAM, REFUSED, Command
from mlw.command_table import COMMANDS, GROUPS
from mlw.lazy_group import Row
from mlw.main import main
from tests.support.command_lines import parse


def _path(row: Row) -> str:
    return row.path


def _load(row: Row) -> Command:
    found = row.load()
    assert isinstance(found, Command)
    return found


def _without_blanks(text: str) -> str:
    """The text without the line breaks, which may also come after a hyphen."""
    return "".join(text.split())


def _words_of(example: str) -> list[str]:
    """What `mlw` gets of an example."""
    return shlex.split(example.removeprefix('eval "$(').removesuffix(')"'))[1:]


EXAMPLES = [(row.path, example) for row in COMMANDS for example in _load(row).examples]


@pytest.mark.parametrize("row", COMMANDS, ids=_path)
def test_list_of_commands_shows_the_first_line_of_the_help(row: Row) -> None:
    assert (_load(row).help or "").partition("\n")[0] == f"{row.summary}."


@pytest.mark.parametrize("row", COMMANDS, ids=_path)
def test_every_command_has_an_example_and_documents_its_exit_codes(row: Row) -> None:
    command = _load(row)

    assert command.examples
    assert DONE in command.exit_codes
    assert command.on_error in command.exit_codes or row.path in {"policy list", "completion"}


@pytest.mark.parametrize(("path", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_every_example_is_a_command_line_of_its_command(path: str, example: str) -> None:
    assert PROGRAM in example
    context = parse(_words_of(example))

    assert context.command_path == f"{PROGRAM} {path}"


@pytest.mark.parametrize("row", COMMANDS, ids=_path)
def test_help_of_a_command_has_everything(row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*row.path.split(), "--help"]) == DONE

    command = _load(row)
    expected = [
        command.help or "",
        *(cast("str", getattr(parameter, "help", "")) for parameter in command.params),
        *command.examples,
        *(f"{code} {meaning}" for code, meaning in command.exit_codes.items()),
    ]
    shown = _without_blanks(capsys.readouterr().out)
    assert [text for text in expected if _without_blanks(text) not in shown] == []


@pytest.mark.parametrize("line", ["", "--help", "-h"], ids=["alone", "--help", "-h"])
def test_the_program_lists_every_command(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == DONE

    shown = " ".join(capsys.readouterr().out.split())
    assert all(f"{row.path} {row.summary}" in shown for row in COMMANDS if " " not in row.path)
    assert all(f"{name} {text}" in shown for name, text in GROUPS.items() if " " not in name)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_a_group_lists_its_commands(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*group.split(), "--help"]) == DONE

    shown = " ".join(capsys.readouterr().out.split())
    inside = {**{row.path: row.summary for row in COMMANDS}, **GROUPS}
    rows = {path: text for path, text in inside.items() if path.rpartition(" ")[0] == group}
    assert rows
    assert all(f"{path.rpartition(' ')[2]} {text}" in shown for path, text in rows.items())


def test_a_group_with_a_default_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "--help"]) == DONE

    assert "Without a command it runs `show`." in capsys.readouterr().out


def test_a_group_alone_is_a_wrong_command_line_and_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy"]) == REFUSED

    printed = capsys.readouterr()
    assert (printed.out, printed.err.startswith("Usage: mlw policy ")) == ("", True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("lst", "'mlw': no such command 'lst'. Did you mean 'list'?"),
        ("policy chek dev", "'mlw policy': no such command 'chek'. Did you mean 'check'?"),
        ("show", "'mlw show': missing argument 'STACK'."),
        ("show dev extra", "'mlw show': got unexpected extra argument (extra)."),
        ("policy check", "'mlw policy check': missing argument 'STACK'."),
        ("policy check dev --json --sarif", "'mlw policy check': --sarif and --json exclude each other."),
        ("policy check dev -o yaml --sarif", "'mlw policy check': --sarif and --output exclude each other."),
        ("policy check dev --jso", "'mlw policy check': no such option '--jso'. Did you mean '--json'?"),
        ("list --tag", "'mlw list': option '--tag' requires an argument."),
        ("list --json -o yaml", "'mlw list': --json and --output exclude each other."),
        ("list -o xml", "'mlw list': invalid value for '--output' / '-o': 'xml' is not one of"),
        ("move dev", "'mlw move': missing option '--backend'."),
        ("keys --all", "'mlw keys show': no such option '--all'."),
        ("keys rotate", "'mlw keys rotate': missing argument 'STACK'."),
        ("run list", "'mlw run list': missing argument 'STACK'."),
        ("model create dev --tags x", "'mlw model create': 'x' is not KEY=VALUE."),
        ("keys rotate dev", "'mlw keys rotate': missing option: --datastore NAME, "),
        ("keys rotate dev --all --datastore a", "'mlw keys rotate': --datastore and --all exclude each other."),
        ("keys rotate dev --service", "'mlw keys rotate': option '--service' requires an argument."),
        ("keys rotate dev b --all", "'mlw keys rotate': got unexpected extra argument (b)."),
        ("expire --yes --timer", "'mlw expire': --yes and --timer exclude each other."),
        ("create x --yes --file-only", "'mlw create': --yes and --file-only exclude each other."),
        ("create x --events - -o json", "'mlw create': --events - and --output exclude each other."),
        ("completion tcsh", "'mlw completion': invalid value for 'SHELL': 'tcsh' is not one of"),
    ],
)
def test_a_wrong_command_line_is_one_message(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == REFUSED

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"mlw: running {message}")
    assert printed.err.endswith(" --help` shows the usage.\n")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("list", "list", {"json_flag": False, "tag": None}),
        ("list --json --tag owner", "list", {"json_flag": True, "tag": "owner"}),
        ("show dev -o yaml", "show", {"stack": "dev", "output_format": "yaml"}),
        ("policy check --sarif dev", "policy check", {"stack": "dev", "json_flag": False, "sarif": True}),
        ("roles list", "roles list", {"stack": None}),
        ("keys dev", "keys show", {"stack": "dev"}),
        ("keys -o tsv dev", "keys show", {"stack": "dev", "output_format": "tsv"}),
        ("keys show dev", "keys show", {"stack": "dev"}),
        ("keys show rotate", "keys show", {"stack": "rotate"}),
        ("keys show show", "keys show", {"stack": "show"}),
        ("keys rotate dev --all", "keys rotate", {"stack": "dev", "everything": True}),
        ("run dev -- python x.py", "run", {"stack": "dev", "words": ("python", "x.py")}),
        ("run list dev", "run list", {"stack": "dev"}),
        ("run list -- python x.py", "run", {"stack": "list", "words": ("python", "x.py")}),
        ("run dev -- list", "run", {"stack": "dev", "words": ("list",)}),
        ("run dev list", "run", {"stack": "dev", "words": ("list",)}),
        ("run --principal show list -- x", "run", {"stack": "list", "principal": "show"}),
        ("run delete dev a b --yes", "run delete", {"names": ("a", "b"), "yes": True}),
        ("keys rotate rotate --datastore rotate", "keys rotate", {"stack": "rotate", "datastore": "rotate"}),
    ],
)
def test_arguments_come_under_their_names(line: str, path: str, expected: dict[str, object]) -> None:
    context = parse(line.split())

    assert context.command_path == f"{PROGRAM} {path}"
    assert context.params.items() >= expected.items()


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == DONE

    assert capsys.readouterr().out.startswith("mlw 0.")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_completion_script_calls_the_program(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == DONE

    assert "_MLW_COMPLETE" in capsys.readouterr().out
