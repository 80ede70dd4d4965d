"""The configuration of an instance."""

import json
from pathlib import Path

import pytest

from tools.python.instance.instance.instance_configuration import ConfigurationError, load, read_idle_seconds

DOCUMENT = {"port": 8888, "home": "/home/x", "access": "/etc/x/access", "idleSeconds": "/etc/x/idle"}


def test_without_tls_there_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**DOCUMENT, "tls": {}, "certificateAuthorities": []}))

    found = load(tmp_path / "config.json")

    assert (found.port, found.home, found.access) == (8888, Path("/home/x"), Path("/etc/x/access"))
    assert (found.certificate, found.private_key, found.certificate_authorities) == (None, None, ())


def test_with_tls_files_are_named(tmp_path: Path) -> None:
    tls = {"certificate": "/c", "privateKey": "/k"}
    (tmp_path / "config.json").write_text(json.dumps({**DOCUMENT, "tls": tls, "certificateAuthorities": ["/a", "/b"]}))

    found = load(tmp_path / "config.json")

    assert (found.certificate, found.private_key) == (Path("/c"), Path("/k"))
    assert found.certificate_authorities == (Path("/a"), Path("/b"))


@pytest.mark.parametrize("text", ["{", "[]", '{"port": 1}', '{"port": "x"}'], ids=["torn", "list", "short", "text"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(ConfigurationError, match=r"config\.json"):
        load(tmp_path / "config.json")


@pytest.mark.parametrize(("text", "seconds"), [("900\n", 900), ("0\n", 0), ("", 0), ("torn x", 0)])
def test_an_idle_time_that_cannot_be_read_stops_nothing(tmp_path: Path, text: str, seconds: int) -> None:
    (tmp_path / "idle").write_text(text)

    assert read_idle_seconds(tmp_path / "idle") == seconds
    assert read_idle_seconds(tmp_path / "missing") == 0
