import pytest

from tests.support.processes import Finished
from tests.support.refusals import assert_refused


def finished(exit_code: int, stderr: str) -> Finished:
    return Finished(command=("pulumi", "up"), exit_code=exit_code, stdout="", stderr=stderr)


def test_clear_refusal_passes() -> None:
    assert_refused(finished(255, "error: 'soon' is not a number"), "soon", "number")


def test_progress_before_the_diagnostics_does_not_count() -> None:
    assert_refused(finished(255, "created\n" * 61 + "Diagnostics:\n  error: soon\n"), "soon")


@pytest.mark.parametrize(
    ("exit_code", "stderr", "said"),
    [
        (0, "error: soon", "accepted"),
        (255, "error: bad", r"\['soon'\] not said in"),
        (255, "Traceback (most recent call last):\n  soon", "Traceback"),
        (255, "soon\n" * 61, "soon"),
    ],
    ids=["exit code 0", "word missing", "traceback", "flood of lines"],
)
def test_anything_less_is_reported(exit_code: int, stderr: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert_refused(finished(exit_code, stderr), "soon")
