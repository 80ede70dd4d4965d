"""The cache of builds: limited, free of what killed builds leave, safe side by side."""

import os
from pathlib import Path
from threading import Event, Thread

import pytest

from mlw.environments import build_cache


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_CACHE", str(tmp_path))


def kept(tmp_path: Path, content: bytes, age: int) -> str:
    file = tmp_path / "one.tar"
    file.write_bytes(content)
    layer = build_cache.keep_layer(file, f"sha256:{content[:1].hex() * 32}")
    os.utime(layer.path, (1_000_000 - age, 1_000_000 - age))
    return layer.digest


def test_a_kept_layer_is_found_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    digest = kept(tmp_path, b"a" * 10, 0)

    assert build_cache.layer(digest, 10)
    assert build_cache.layer(digest, 11) is None
    assert build_cache.layer(f"sha256:{'0' * 64}", 10) is None


def test_the_oldest_layers_go_beyond_the_limit(tmp_path: Path) -> None:
    new, old = kept(tmp_path, b"a" * 10, 0), kept(tmp_path, b"b" * 10, 5)

    build_cache.sweep(15)

    assert build_cache.layer(new, 10)
    assert build_cache.layer(old, 10) is None


def test_nothing_is_swept_while_a_build_is_running(tmp_path: Path) -> None:
    digest = kept(tmp_path, b"a" * 10, 0)

    with build_cache.building("key", lambda _: None):
        build_cache.sweep(0)
        assert build_cache.layer(digest, 10)

    build_cache.sweep(0)
    assert build_cache.layer(digest, 10) is None


def test_the_folder_of_a_killed_build_is_removed_and_that_of_a_running_one_is_not() -> None:
    with build_cache.building("one", lambda _: None) as running:
        left = running.parent / "left"
        left.mkdir()

        with build_cache.building("other", lambda _: None) as mine:
            assert (running.is_dir(), left.is_dir()) == (True, False)

    assert not mine.exists()
    assert not running.exists()


def test_uvs_folder_is_emptied_when_it_is_too_large() -> None:
    build_cache.uv_folder().mkdir()
    (build_cache.uv_folder() / "wheel").write_bytes(b"x" * 100)

    build_cache.sweep(200)
    assert build_cache.uv_folder().is_dir()

    build_cache.sweep(0)
    assert not build_cache.uv_folder().is_dir()


def test_documents_are_kept() -> None:
    build_cache.write("lists", "x.json", {"a": 1})

    assert build_cache.read("lists", "x.json") == {"a": 1}
    assert build_cache.read("lists", "y.json") is None


def test_two_builds_of_one_image_run_one_after_the_other() -> None:
    waits, ran = Event(), []

    def build() -> None:
        with build_cache.building("one", lambda _: waits.set()):
            ran.append("second")

    with build_cache.building("one", lambda _: None):
        other = Thread(target=build)
        other.start()
        assert waits.wait(20)
        ran.append("first")
    other.join(20)

    assert ran == ["first", "second"]
