"""The private copy of the stack file: the salt is the state's, and never lands in the checkout."""

from pathlib import Path

import pytest

from infra.rules.violation import ConfigurationError
from infra.stack_files.stack_file import StackFileError
from mlw.lifecycle import private_stack_file
from tests.unit.states import SALT, a_context

PLAIN = "# comment\nconfig:\n  ml-workspace:workload: churn\n"
OTHER = "encryptionsalt: v1:other\n"
SECURE = f"{OTHER}config:\n  ml-workspace:token:\n    secure: v1:abc\n"


FLOW = OTHER + "config:\n  ml-workspace:datastores: [{name: a}, {name: b, secretAccessKey: {secure: v1:abc}}]\n"
MERGED = OTHER + "common: &c {key: {'secure': v1:abc}}\nconfig:\n  a:b: {<<: *c}\n"
ENTRY = f'encryptionsalt: "{SALT}"\n'


@pytest.mark.parametrize(
    ("text", "salt", "expected"),
    [
        pytest.param(
            PLAIN, SALT, f"# comment\n{ENTRY}config:\n  ml-workspace:workload: churn\n", id="salt of the state"
        ),
        pytest.param(PLAIN, None, PLAIN, id="a new stack has none yet"),
        pytest.param(OTHER + PLAIN, None, PLAIN, id="one that serves nothing goes"),
        pytest.param(PLAIN + OTHER, None, PLAIN, id="also from the end"),
        pytest.param(
            "--- # begin\n" + OTHER + "config: {}\n", SALT, f"--- # begin\n{ENTRY}config: {{}}\n", id="changed"
        ),
        *(pytest.param(text, SALT, text, id="secrets keep their salt") for text in (SECURE, FLOW, MERGED)),
    ],
)
def test_salt_of_the_copy(text: str, salt: str | None, expected: str) -> None:
    assert private_stack_file.with_salt(text, salt) == expected


def of_the_state(text: str) -> str:
    return text.replace("v1:other", SALT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{PLAIN}encryptionsalt: {SALT}\n", PLAIN, id="the state's own goes"),
        pytest.param(f"{PLAIN}'encryptionsalt': '{SALT}' # written\n# end\n", f"{PLAIN}# end\n", id="in any form"),
        pytest.param(OTHER + PLAIN, OTHER + PLAIN, id="any other stays"),
        *(
            pytest.param(of_the_state(text), of_the_state(text), id="the one of secrets stays")
            for text in (SECURE, FLOW, MERGED)
        ),
    ],
)
def test_salt_that_a_plain_pulumi_wrote_into_the_checkout(text: str, expected: str) -> None:
    assert private_stack_file.without_salt(text, SALT) == expected


def test_the_copy_is_private_and_the_stack_file_untouched(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.stack_file.write_text(PLAIN)
    copy = private_stack_file.write_private_copy(context, SALT)
    assert copy.stat().st_mode & 0o077 == 0
    assert ENTRY in copy.read_text()
    assert context.stack_file.read_text() == PLAIN


@pytest.mark.parametrize("content", [b"config: [", "# K\u00f6ln\n".encode("latin-1")], ids=["broken", "Latin-1"])
def test_a_broken_stack_file_is_refused_by_an_update_alone(tmp_path: Path, content: bytes) -> None:
    context = a_context(tmp_path)
    context.stack_file.write_bytes(content)
    with pytest.raises(StackFileError, match="Correct the file"):
        private_stack_file.write_private_copy(context, SALT)
    assert private_stack_file.write_copy_without_configuration(context, SALT).read_text() == ENTRY
    private_stack_file.remove_written_salt(context, SALT)
    assert context.stack_file.read_bytes() == content


def test_a_stack_file_that_cannot_take_the_salt_is_refused(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.stack_file.write_text("? config\n: {}\n")
    with pytest.raises(StackFileError, match="Write the file's first key"):
        private_stack_file.write_private_copy(context, SALT)


def test_only_the_salt_goes_from_the_checkout(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.stack_file.write_bytes(f"# a\r\nencryptionsalt: {SALT}\r\nconfig: {{}}  # b\r\n".encode())
    private_stack_file.remove_written_salt(context, SALT)
    assert context.stack_file.read_bytes() == b"# a\r\nconfig: {}  # b\r\n"


def test_a_stack_file_that_needs_no_cleaning_is_not_even_written(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.stack_file.write_text(PLAIN)
    context.stack_file.chmod(0o400)
    before = context.stack_file.stat().st_mtime_ns
    private_stack_file.remove_written_salt(context, SALT)
    assert context.stack_file.stat().st_mtime_ns == before


@pytest.mark.parametrize("secret", [False, True], ids=["plain", "encrypted"])
def test_a_configuration_that_the_engine_cannot_hand_over_is_refused(tmp_path: Path, *, secret: bool) -> None:
    context = a_context(tmp_path)
    value = f"{{secure: {'x' * 200_000}}}" if secret else "x" * 200_000
    context.stack_file.write_text(f"config:\n  ml-workspace:workload: {value}\n")
    with pytest.raises(ConfigurationError, match=r"ml-workspace:workload: the configuration is .* shorten"):
        private_stack_file.write_private_copy(context, SALT)
    assert not context.private_stack_file.exists()
