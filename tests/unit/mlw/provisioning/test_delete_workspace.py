"""`mlw delete`: says what is lost, asks, and runs what `make down` runs."""

import pytest

from mlw.main import main
from tests.unit.mlw.provisioning.conftest import Runs
from tests.unit.states import Place, a_lock, a_workspace


@pytest.fixture(autouse=True)
def _stack(place: Place) -> None:
    place.deploy("churn")


def test_it_says_what_is_lost_and_asks(terminal: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.replies = ["y"]

    assert main(["delete", "churn"]) == 0

    assert capsys.readouterr().out.startswith("Would be deleted permanently: storage account 'stchurn', ")
    assert (terminal.asked, terminal.done) == (["Delete stack 'churn'?"], ["down"])


@pytest.mark.parametrize("asking", ["terminal", "runs"], ids=["no", "nobody to ask"])
def test_without_an_agreement_nothing_is_deleted(
    request: pytest.FixtureRequest, asking: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs: Runs = request.getfixturevalue(asking)

    assert main(["delete", "churn"]) == 1

    assert capsys.readouterr().err.startswith("mlw: nothing was deleted.")
    assert runs.done == []


def test_with_yes_nobody_is_asked(runs: Runs) -> None:
    assert main(["delete", "churn", "--yes"]) == 0

    assert (runs.asked, runs.done) == ([], ["down"])


def test_a_lock_is_reported_before_the_question(
    place: Place, terminal: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    place.deploy("churn", [*a_workspace("churn"), a_lock("churn")])

    assert main(["delete", "churn"]) == 1

    assert "deleting stack 'churn'" in capsys.readouterr().err
    assert (terminal.asked, terminal.done) == ([], [])
