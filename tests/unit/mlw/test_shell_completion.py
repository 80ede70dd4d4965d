"""What a shell offers after TAB, as its script asks for it."""

import pytest

from mlw.main import COMPLETION, main
from tests.unit.states import Place


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("li", ["list"]),
        ("policy e", ["explain", "effective"]),
        ("policy check d", ["demo", "dev"]),
        ("show c", ["churn"]),
        ("run c", ["compare", "churn"]),
        ("run d", ["download", "delete", "demo", "dev"]),
        ("run --e", ["--experiment-name"]),
        ("run --he", ["--help"]),
        ("run dev -- python tr", ["tr"]),
        ("run list c", ["churn"]),
        ("model ar", ["archive"]),
        ("keys c", ["churn"]),
        ("keys s", ["show"]),
        ("keys show --q", ["--query"]),
        ("list --output j", ["json"]),
        ("policy explain tags-resource-require-t", ["tags-resource-require-tags"]),
    ],
)
def test_commands_options_stacks_and_rules_are_offered(
    words: str,
    offered: list[str],
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place.configure("dev")
    place.configure("demo")
    place.deploy("churn")
    monkeypatch.setenv(COMPLETION, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"mlw {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))

    assert main() == 0

    assert [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()] == offered
