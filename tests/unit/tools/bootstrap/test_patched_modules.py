import json
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import golang, patched_modules
from tools.bootstrap.bootstrap_errors import BootstrapError

PATCH = {"file": "a/b.go", "old": "x := old()", "new": "x := new()"}
SPAN = {"file": "a/b.go", "old": "func old() {", "until": "\n}\n", "new": "// nothing\n"}


def source(folder: Path, text: str) -> Path:
    file = folder / PATCH["file"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_patch_replaces_its_text(tmp_path: Path) -> None:
    file = source(tmp_path, "before\nx := old()\nafter\n")

    patched_modules.apply([PATCH], tmp_path)

    assert file.read_text() == "before\nx := new()\nafter\n"


def test_a_patch_with_an_end_replaces_everything_through_it(tmp_path: Path) -> None:
    file = source(tmp_path, "func first() {\n}\nfunc old() {\n\tx\n}\nfunc last() {\n}\n")

    patched_modules.apply([SPAN], tmp_path)

    assert file.read_text() == "func first() {\n}\n// nothing\nfunc last() {\n}\n"


@pytest.mark.parametrize(
    ("patch", "text", "message"),
    [
        (PATCH, "nothing", r"patching a/b\.go: .* occurs 0 times, expected once.*adapt patches\.toml"),
        (PATCH, "x := old()\nx := old()\n", r"patching a/b\.go: .* occurs 2 times, expected once"),
        (SPAN, "\n}\nfunc old() {", r"patching a/b\.go: the text '\\n}\\n' does not follow 'func old\(\) {'"),
    ],
    ids=["absent", "twice", "without an end"],
)
def test_source_that_a_patch_was_not_written_for_stops_the_build(
    tmp_path: Path, patch: dict[str, str], text: str, message: str
) -> None:
    file = source(tmp_path, text)

    with pytest.raises(BootstrapError, match=message):
        patched_modules.apply([patch], tmp_path)
    assert file.read_text() == text


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that replaces a line of a released one, and a module server that delivers that one."""
    released = tmp_path / "released"
    source(released, "x := old()\n")
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("replace example.org/x => ./upstream\n")
    (folder / "recipe.toml").write_text('package = "."\n[upstream]\nmodule = "example.org/x@v1"\nsum = "h1:right"\n')
    (folder / "patches.toml").write_text(
        '[[patch]]\nfile = "a/b.go"\nold = "old()"\nnew = "new()"\nwhy = "it is better"\n'
    )
    delivered = json.dumps({"Dir": str(released), "Sum": "h1:right"})
    monkeypatch.setattr(golang, "run", lambda *_, **__: delivered)
    return folder


def test_a_module_with_an_upstream_is_prepared_as_a_patched_copy(module: Path) -> None:
    with patched_modules.prepared(module) as prepared:
        assert (prepared / "upstream/a/b.go").read_text() == "x := new()\n"
        assert (prepared / "go.mod").read_bytes() == (module / "go.mod").read_bytes()
        assert prepared.is_relative_to(folders.build())
    assert not prepared.exists()
    assert not (module / "upstream").exists()


def test_a_module_without_an_upstream_is_prepared_as_it_is(module: Path) -> None:
    (module / "recipe.toml").write_text('package = "."\n')

    with patched_modules.prepared(module) as prepared:
        assert prepared == module


def test_upstream_source_with_another_checksum_is_rejected(module: Path) -> None:
    recipe = (module / "recipe.toml").read_text()
    (module / "recipe.toml").write_text(recipe.replace("right", "other"))

    with (
        pytest.raises(BootstrapError, match=r"the checksum is 'h1:right', expected 'h1:other'.*check GOPROXY"),
        patched_modules.prepared(module),
    ):
        pytest.fail("prepared")


def test_only_what_changes_a_program_counts_as_an_instruction(module: Path) -> None:
    before = patched_modules.instructions(module)
    for name in ("recipe.toml", "patches.toml"):
        text = (module / name).read_text()
        (module / name).write_text("# A comment.\n" + text.replace("it is better", "another reason"))
    assert patched_modules.instructions(module) == before

    (module / "patches.toml").write_text((module / "patches.toml").read_text().replace("new()", "newer()"))
    assert patched_modules.instructions(module) != before


def test_source_files_are_all_others(module: Path) -> None:
    assert patched_modules.source_files(module) == [module / "go.mod"]


def test_packages_that_the_recipe_names_are_source_and_their_tests_are_not(module: Path) -> None:
    (module / "store").mkdir()
    for name in ("store/store.go", "store/store_test.go", "store/notes.txt", "main_test.go"):
        (module / name).write_text("package x\n")
    (module / "recipe.toml").write_text('package = "."\nsources = ["*/*.go"]\n')

    assert sorted(patched_modules.source_files(module)) == [module / "go.mod", module / "store" / "store.go"]
