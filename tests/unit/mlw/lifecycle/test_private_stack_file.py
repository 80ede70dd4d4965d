"""The private copy of the stack file: the salt is the state's, and never lands in the checkout."""

from pathlib import Path

import pytest

from mlw.lifecycle import private_stack_file
from tests.unit.states import SALT, a_context

PLAIN = "# comment\nconfig:\n  ml-workspace:workload: churn\n"
OTHER = "encryptionsalt: v1:other\n"
SECURE = f"{OTHER}config:\n  ml-workspace:token:\n    secure: v1:abc\n"


@pytest.mark.parametrize(
    ("text", "salt", "expected"),
    [
        pytest.param(PLAIN, SALT, f"encryptionsalt: {SALT}\n{PLAIN}", id="salt of the state is added"),
        pytest.param(PLAIN, None, PLAIN, id="a new stack has none yet"),
        pytest.param(OTHER + PLAIN, SALT, f"encryptionsalt: {SALT}\n{PLAIN}", id="one that serves nothing goes"),
        pytest.param(PLAIN + OTHER, None, PLAIN, id="and is no new stack's either"),
        pytest.param(SECURE, SALT, SECURE, id="secrets of the file keep their salt"),
    ],
)
def test_salt_of_the_copy(text: str, salt: str | None, expected: str) -> None:
    assert private_stack_file.with_salt(text, salt) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{PLAIN}encryptionsalt: {SALT}\n", PLAIN, id="the state's own goes"),
        pytest.param(OTHER + PLAIN, OTHER + PLAIN, id="any other stays"),
        pytest.param(SECURE.replace("v1:other", SALT), SECURE.replace("v1:other", SALT), id="the one of secrets stays"),
    ],
)
def test_salt_that_a_plain_pulumi_wrote_into_the_checkout(text: str, expected: str) -> None:
    assert private_stack_file.without_salt(text, SALT) == expected


def test_the_copy_is_private_and_the_stack_file_untouched(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.stack_file.write_text(PLAIN)
    copy = private_stack_file.write_private_copy(context, SALT)
    assert copy.stat().st_mode & 0o077 == 0
    assert f"encryptionsalt: {SALT}" in copy.read_text()
    assert context.stack_file.read_text() == PLAIN


def test_a_stack_file_that_needs_no_cleaning_is_not_even_written(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.stack_file.write_text(PLAIN)
    context.stack_file.chmod(0o400)
    before = context.stack_file.stat().st_mtime_ns
    private_stack_file.remove_written_salt(context, SALT)
    assert context.stack_file.stat().st_mtime_ns == before
