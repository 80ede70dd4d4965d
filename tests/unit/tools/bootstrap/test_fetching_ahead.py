import threading
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tools.bootstrap.waiting import wait_until
from tools.bootstrap import fetching_ahead, golang
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.fetching_ahead import Program, fetching


@pytest.fixture
def programs(tmp_path: Path) -> list[Program]:
    (tmp_path / "recipe.toml").write_text("")
    return [Program(module=tmp_path, package=name, tags=("tag",)) for name in ("one", "two")]


@pytest.fixture(autouse=True)
def nothing_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching_ahead, "_begun", set())


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The packages whose sources were fetched."""
    fetched: list[str] = []
    monkeypatch.setattr(golang, "fetch", lambda **options: fetched.append(options["package"]))
    return fetched


def test_sources_are_fetched_in_order_while_the_block_runs(programs: list[Program], names: list[str]) -> None:
    with fetching(programs):
        wait_until(lambda: names == ["one", "two"])


def test_nothing_is_fetched_twice(programs: list[Program], names: list[str]) -> None:
    for _ in range(2):
        fetching_ahead._fetch(tuple(programs), threading.Event())
    assert names == ["one", "two"]


def test_a_failure_is_left_to_the_build(programs: list[Program], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(**options: Any) -> None:  # noqa: ANN401
        asked.append(options["package"])
        raise BootstrapError("no network")

    monkeypatch.setattr(golang, "fetch", fetch)
    with fetching(programs):
        wait_until(lambda: asked == ["one", "two"])


def test_after_the_block_no_further_source_is_fetched(programs: list[Program], names: list[str]) -> None:
    ended = threading.Event()
    ended.set()
    fetching_ahead._fetch(tuple(programs), ended)
    assert names == []


def test_a_failed_build_does_not_wait_for_downloads(programs: list[Program], monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def fetch(**_: object) -> None:
        begun.set()
        go_on.wait(10)

    def build() -> None:
        with fetching(programs):
            assert begun.wait(10)
            raise BootstrapError("does not compile")

    monkeypatch.setattr(golang, "fetch", fetch)
    with pytest.raises(BootstrapError, match="does not compile"):
        build()
    assert not go_on.is_set()
    go_on.set()
