"""What `mlw secrets` is given: what would be another secret, or none, is refused before anything is asked."""

import getpass
import io
import sys

import pytest

from infra.errors import SecretStateError
from mlw.key_vault import secret_input


class Terminal(io.StringIO):
    """Standard input of a person."""

    def isatty(self) -> bool:
        return True


def piped(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")


@pytest.mark.parametrize("name", ["a", "team/db/password", "a b", "ü", "user@host", "a.b", "-x", "..."])
def test_a_name_that_a_secret_can_have_passes(name: str) -> None:
    secret_input.check_name(name)


@pytest.mark.parametrize(
    "name", ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "x/../y", "a?b", "a#b", "a%2fb", "a\\b", "a\nb"], ids=repr
)
def test_a_name_that_would_be_another_secrets_is_refused(name: str) -> None:
    """`a?b` was written over `a`, with the message that `a?b` had been written."""
    with pytest.raises(SecretStateError, match="invalid name"):
        secret_input.check_name(name)


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"s3cret", "s3cret"), (b"s3cret\n", "s3cret"), (b"a\n\n", "a\n"), ("ü".encode(), "ü")],
    ids=["no newline", "newline", "one newline only", "not ASCII"],
)
def test_a_value_is_standard_input(content: bytes, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", piped(content))

    assert secret_input.value("a") == value


@pytest.mark.parametrize(
    ("stdin", "words"),
    [(piped(b""), "is empty"), (piped(b"\n"), "is empty"), (None, "is empty"), (piped(b"\xff\xfe"), "is not text")],
    ids=["empty", "a newline", "closed", "bytes"],
)
def test_no_text_is_no_value(stdin: object, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)

    with pytest.raises(SecretStateError, match=f"writing secret 'a': standard input {words}"):
        secret_input.value("a")


def test_a_value_is_typed_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f"typed at {prompt!r}")

    assert secret_input.value("a") == """typed at "Value of secret 'a': \""""


def test_a_person_who_types_nothing_gives_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", ended)

    with pytest.raises(SecretStateError, match="is empty"):
        secret_input.value("a")


def test_a_content_type_has_azures_length() -> None:
    assert secret_input.checked_content_type(None) == ""
    assert secret_input.checked_content_type("n" * 255) == "n" * 255
    with pytest.raises(SecretStateError, match="it has 256 characters; allowed: 255"):
        secret_input.checked_content_type("n" * 256)


def test_an_expiry_is_a_date() -> None:
    assert secret_input.checked_expiry(None) == ""
    assert secret_input.checked_expiry("2027-01-31") == "2027-01-31"
    for text in ("", "soon", "2026-02-30"):
        with pytest.raises(SecretStateError, match="not an ISO 8601 date or time"):
            secret_input.checked_expiry(text)
