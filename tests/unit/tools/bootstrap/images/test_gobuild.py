import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE
from tools.bootstrap import golang
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images import gobuild, recipe

PATCHED = "upstream/vault/logical_system_activation_flags.go"


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The released module as the module server provides it, and a cache for this test."""
    monkeypatch.setenv("MLW_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "released"
    patches = tomllib.loads((recipe.go_folder(SERVICE) / "patches.toml").read_text())["patch"]
    for patch in patches:
        file = folder / patch["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as lines:
            lines.write(f"{patch['old']}\n{patch.get('until', '')}\n")
    return folder


def serve(monkeypatch: pytest.MonkeyPatch, folder: Path, checksum: str) -> list[dict[str, Any]]:
    """Make the toolchain provide that module, and record what it is told to build."""
    built: list[dict[str, Any]] = []

    def build(**options: Any) -> None:  # noqa: ANN401
        built.append({**options, "patched": (options["module"] / PATCHED).read_text()})
        options["output"].write_bytes(b"program")

    monkeypatch.setattr(golang, "run", lambda *_, **__: json.dumps({"Dir": str(folder), "Sum": checksum}))
    monkeypatch.setattr(golang, "build", build)
    return built


def pinned() -> str:
    return str(tomllib.loads((recipe.go_folder(SERVICE) / "recipe.toml").read_text())["upstream"]["sum"])


def test_a_finished_binary_is_kept_and_not_built_again(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = serve(monkeypatch, upstream, pinned())
    said: list[str] = []

    first = gobuild.binary(SERVICE, said.append)
    second = gobuild.binary(SERVICE, said.append)

    assert first == second
    assert first.read_bytes() == b"program"
    assert [(one["package"], one["tags"]) for one in built] == [("github.com/hashicorp/vault", ["minimal"])]
    assert "ActivationFunc(ctx, nil, " in built[0]["patched"]
    assert said == ["building from pinned Go modules"]


def test_the_copy_of_the_source_does_not_outlive_the_build(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = serve(monkeypatch, upstream, pinned())

    gobuild.binary(SERVICE, lambda _: None)

    assert not built[0]["module"].exists()


def test_a_module_with_another_checksum_is_not_built(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = serve(monkeypatch, upstream, "h1:other")

    with pytest.raises(BootstrapError, match=r"the checksum is 'h1:other', expected 'h1:"):
        gobuild.binary(SERVICE, lambda _: None)
    assert not built


def test_a_build_that_fails_leaves_nothing_that_looks_finished(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, upstream, "h1:other")
    with pytest.raises(BootstrapError, match="checksum"):
        gobuild.binary(SERVICE, lambda _: None)

    assert not gobuild.artefact(SERVICE).folder.exists()


def test_sources_are_fetched_for_what_is_built() -> None:
    program = gobuild.program(SERVICE)
    assert (program.package, program.tags) == ("github.com/hashicorp/vault", ("minimal",))
    assert gobuild.program(replace(SERVICE, name="registry")).tags == ()
