from mlw.command_table import COMMANDS
from tools.docs.mlw_reference import FILE, render


def test_document_of_commands_matches_their_help() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run: python -m tools.docs.mlw_reference"


def test_every_command_has_a_section() -> None:
    text = render()

    assert [row.path for row in COMMANDS if f"## mlw {row.path}\n" not in text] == []
