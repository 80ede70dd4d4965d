"""Requesting a collection from a registry's container: by files, and a repeated signal if the script missed one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from infra.clients.engine.docker_engine import ContainerState
from infra.clients.registry import garbage_collection
from infra.clients.registry.garbage_collection import Freed, collect
from infra.errors import GarbageCollectionError


class Script:
    """The start script, which handles a request at the second signal and responds as configured."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        self.files: dict[str, bytes] = {"report": b"another done 9 9\n"}
        self.signals = 0
        self.status = "running"

    def read_file(self, _container: str, path: str) -> bytes | None:
        return self.files.get(path.rpartition("/")[2])

    def write_files(self, _container: str, folder: str, files: Mapping[str, bytes], *, uid: int, gid: int) -> None:
        assert (folder, uid, gid) == (garbage_collection.WORK, 1000, 1000)
        self.files.update(files)

    def kill(self, _container: str, *, signal: str) -> None:
        assert signal == "HUP"
        self.signals += 1
        if self.signals == 2:
            mine, *options = self.files.pop("request").decode().split()
            self.files["report"] = f"{mine} {self.outcome} {' '.join(options)}".encode()

    def container_state(self, _container: str, *, log_lines: int) -> ContainerState:
        assert log_lines
        return ContainerState(status=self.status, exit_code=0, restarts=0, last_log_lines="no space")

    @contextmanager
    def connect(self) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(api=self)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    made = Script("done 3 400")
    monkeypatch.setattr(garbage_collection, "docker_engine", made)
    monkeypatch.setattr(garbage_collection, "_ASK_SECONDS", 0.0)
    monkeypatch.setattr(garbage_collection, "_POLL_SECONDS", 0.0)
    return made


def test_a_request_is_repeated_until_it_is_met(script: Script) -> None:
    assert collect("cr", user=(1000, 1000), untagged=False, seconds=60) == Freed(3, 400)
    assert script.signals == 2


@pytest.mark.parametrize("outcome", ["interrupted", "failed no space left on device"])
def test_its_outcome_is_reported(script: Script, outcome: str) -> None:
    script.outcome = outcome

    with pytest.raises(GarbageCollectionError, match=f"{outcome.split(maxsplit=1)[0]}.*accepts pushes again"):
        collect("cr", user=(1000, 1000), untagged=True, seconds=60)


def test_a_collection_under_way_is_not_disturbed(script: Script) -> None:
    script.files["begun"] = b"another"

    with pytest.raises(GarbageCollectionError, match="another collection is running"):
        collect("cr", user=(1000, 1000), untagged=False, seconds=60)
    assert "request" not in script.files


def test_a_replaced_request_is_abandoned(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "write_files", lambda *_a, **_k: script.files.update(request=b"somebody"))

    with pytest.raises(GarbageCollectionError, match="another request has replaced"):
        collect("cr", user=(1000, 1000), untagged=False, seconds=60)
    assert not script.signals


@pytest.mark.parametrize(("status", "seconds"), [("exited", 60), ("running", -1)], ids=["ended", "late"])
def test_waiting_ends_with_the_container_or_the_time(script: Script, status: str, seconds: float) -> None:
    script.status = status

    with pytest.raises(GarbageCollectionError, match=f"not finished, and the container is {status}.*'no space'"):
        collect("cr", user=(1000, 1000), untagged=False, seconds=seconds)
