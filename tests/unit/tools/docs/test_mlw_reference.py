from mlw.command_table import COMMANDS
from tools.docs.mlw_reference import FILE, render


def test_document_of_commands_is_what_the_parser_takes() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run: python -m tools.docs.mlw_reference"


def test_every_command_has_a_section() -> None:
    text = render()

    assert [f"## mlw {' '.join(command.path)}" in text for command in COMMANDS] == [True] * len(COMMANDS)
