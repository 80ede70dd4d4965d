"""Which engine is used: the one that Docker's own client would use."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from infra.clients.engine.docker_engine import connect
from infra.errors import EngineUnreachableError


@pytest.fixture(autouse=True)
def _no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DOCKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def _refused(address: str) -> None:
    with pytest.raises(EngineUnreachableError, match=f"using the Docker engine at '{address}'"), connect():
        pytest.fail("there is an engine")


def test_an_address_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    _refused("tcp://127.0.0.1:1")


def test_a_context_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare `pulumi` checked names on the local engine, and created the containers on the context's."""
    about = tmp_path / "contexts" / "meta" / hashlib.sha256(b"lab").hexdigest() / "meta.json"
    about.parent.mkdir(parents=True)
    about.write_text(json.dumps({"Endpoints": {"docker": {"Host": "tcp://127.0.0.1:2"}}}))
    monkeypatch.setenv("DOCKER_CONTEXT", "lab")
    _refused("tcp://127.0.0.1:2")


def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://[::1")
    with pytest.raises(EngineUnreachableError, match=r"using the Docker engine at 'tcp://\[::1'"), connect():
        pytest.fail("there is an engine")


def test_certificates_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    with pytest.raises(EngineUnreachableError, match="unset DOCKER_TLS_VERIFY"), connect():
        pytest.fail("there is an engine")
