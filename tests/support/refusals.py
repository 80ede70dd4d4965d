"""What all rejections have in common: one clear message, and nothing is created."""

from tests.support.processes import Finished

LONGEST_REFUSAL = 60
"""Lines; the engine's own frame around a message is about ten, a traceback with its frame is far more."""


def assert_refused(finished: Finished, *words: str) -> None:
    """Fail unless a command ended with an error that contains all the words, without a traceback."""
    assert finished.exit_code != 0, f"accepted:\n{finished.output}"
    missing = [word for word in words if word not in finished.output]
    assert not missing, f"{missing} not said in:\n{finished.output}"
    assert "Traceback" not in finished.output, finished.output
    message = finished.output.rpartition("Diagnostics:")[2]  # the engine's account of what went well comes before
    assert len(message.splitlines()) <= LONGEST_REFUSAL, finished.output
