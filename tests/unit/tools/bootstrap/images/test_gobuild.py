import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE
from tools.bootstrap import golang
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images import gobuild, recipe

EDIT = {"file": "a/b.go", "old": "x := old()", "new": "x := new()"}


def source(folder: Path, text: str) -> Path:
    file = folder / EDIT["file"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_listed_line_is_replaced(tmp_path: Path) -> None:
    file = source(tmp_path, "before\nx := old()\nafter\n")

    gobuild.mend(tmp_path, [EDIT])

    assert file.read_text() == "before\nx := new()\nafter\n"


@pytest.mark.parametrize("text", ["nothing", "x := old()\nx := old()\n"], ids=["absent", "twice"])
def test_a_source_that_the_edits_were_not_written_for_stops_the_build(tmp_path: Path, text: str) -> None:
    file = source(tmp_path, text)

    with pytest.raises(BootstrapError, match=r"mending a/b\.go: .* expected is once"):
        gobuild.mend(tmp_path, [EDIT])
    assert file.read_text() == text


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The released module as the module server provides it, and a cache for this test."""
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "released"
    edits = tomllib.loads((recipe.go_folder(SERVICE) / "edits.toml").read_text())["edit"]
    for edit in edits:
        file = folder / edit["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as lines:
            lines.write(f"{edit['old']}\n")
    return folder


def serve(monkeypatch: pytest.MonkeyPatch, folder: Path, checksum: str) -> list[dict[str, Any]]:
    """Make the toolchain provide that module, and record what it is told to build."""
    built: list[dict[str, Any]] = []

    def build(**options: Any) -> None:  # noqa: ANN401
        mended = (options["module"] / "upstream/vault/logical_system_activation_flags.go").read_text()
        built.append({**options, "mended": mended})
        options["output"].write_bytes(b"program")

    monkeypatch.setattr(golang, "run", lambda *_, **__: json.dumps({"Dir": str(folder), "Sum": checksum}))
    monkeypatch.setattr(golang, "build", build)
    return built


def pinned() -> str:
    text = (recipe.go_folder(SERVICE) / "recipe.toml").read_text()
    return text.partition('sum = "')[2].partition('"')[0]


def test_a_finished_binary_is_kept_and_not_built_again(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = serve(monkeypatch, upstream, pinned())
    said: list[str] = []

    first = gobuild.binary(SERVICE, said.append)
    second = gobuild.binary(SERVICE, said.append)

    assert first == second
    assert first.read_bytes() == b"program"
    assert [(one["package"], one["tags"]) for one in built] == [("github.com/hashicorp/vault", ["minimal"])]
    assert "ActivationFunc(ctx, nil, " in built[0]["mended"]
    assert said == ["building from pinned Go modules, which takes minutes"]


def test_the_copy_of_the_source_does_not_outlive_the_build(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = serve(monkeypatch, upstream, pinned())

    gobuild.binary(SERVICE, lambda _: None)

    assert not built[0]["module"].exists()


def test_a_module_with_another_checksum_is_not_built(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = serve(monkeypatch, upstream, "h1:other")

    with pytest.raises(BootstrapError, match=r"its checksum is 'h1:other', the repository expects 'h1:"):
        gobuild.binary(SERVICE, lambda _: None)
    assert not built


def test_a_build_that_fails_leaves_nothing_that_looks_finished(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, upstream, "h1:other")
    with pytest.raises(BootstrapError, match="checksum"):
        gobuild.binary(SERVICE, lambda _: None)

    assert not gobuild.artefact(SERVICE).folder.exists()
