"""What the page on troubleshooting quotes of a message is part of one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
ELSEWHERE = {
    # Of Pulumi, Vault, S3, Docker, OpenSSL and the OTLP exporters.
    "passphrase must be set", "incorrect passphrase", "permission denied", "SignatureDoesNotMatch",
    "InvalidAccessKeyId", "http: server gave HTTP response to HTTPS client", "CERTIFICATE_VERIFY_FAILED",
    "Unauthenticated",
    # Settings and commands in the first column, and what explains a message.
    "tls: true", "no_proxy", "pulumi state delete",
}  # fmt: skip


def quoted() -> Iterator[str]:
    for row in re.findall(r"^\| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", row)


QUOTED = sorted(set(quoted()) - ELSEWHERE)
CODE = "\n".join(
    # Messages are written in pieces: without the quotes, prefixes and line breaks between them they are whole.
    # Docstrings are not messages.
    re.sub(r'"\s*\n\s*f?"', "", re.sub(r"\"{3}.*?\"{3}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))
    for folder in ("infra", "mlw", "tools")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".sh"} and not path.is_relative_to(ROOT / "tools" / "docs")
)


@pytest.mark.parametrize("fragment", QUOTED)
def test_every_quoted_message_exists(fragment: str) -> None:
    assert fragment in CODE


def test_messages_are_found() -> None:
    assert "did not become ready" in QUOTED
