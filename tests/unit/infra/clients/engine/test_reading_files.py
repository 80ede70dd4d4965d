"""Files read from a container through the engine's archives."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from infra.clients.engine import docker_engine


def _archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("archive", "content"),
    [
        pytest.param(_archive(status=b"ready"), b"ready", id="a file"),
        pytest.param(_archive(), None, id="a file that is being replaced"),
    ],
)
def test_a_file_is_read_or_not_there(monkeypatch: pytest.MonkeyPatch, archive: bytes, content: bytes | None) -> None:
    @contextmanager
    def connect() -> Iterator[Any]:
        yield SimpleNamespace(api=SimpleNamespace(get_archive=lambda _container, _path: (iter([archive]), {})))

    monkeypatch.setattr(docker_engine, "connect", connect)

    assert docker_engine.read_file("c", "/status") == content
