import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE
from tools.bootstrap.images import gobuild, image_table, recipe

BINARIES = [service for service in image_table.load() if not service.base]
SERVICES = pytest.mark.parametrize("service", BINARIES, ids=lambda service: service.name)
OWN = {"insights"}
"""Programs of this project, whose version is in no module."""


@SERVICES
def test_the_dockerfile_repeats_the_row_of_the_table(service: image_table.Service) -> None:
    lines = recipe.dockerfile(service).read_text().splitlines()

    assert "FROM scratch" in lines
    assert f"COPY binary {service.binary}" in lines
    assert f"USER {service.user}" in lines
    assert f'ENTRYPOINT ["{service.binary}"]' in lines
    owned = [line for line in lines if line.startswith("COPY --chown")]
    assert owned == [f"COPY --chown={service.user} folder/ {folder}/" for folder in service.folders]


@SERVICES
def test_no_dockerfile_makes_nameless_volumes(service: image_table.Service) -> None:
    lines = recipe.dockerfile(service).read_text().splitlines()

    assert not [line for line in lines if line.startswith(("VOLUME", "RUN", "ADD"))]


@pytest.mark.parametrize("service", [one for one in BINARIES if one.name not in OWN], ids=lambda one: one.name)
def test_the_pinned_module_has_the_version_of_the_tag(service: image_table.Service) -> None:
    module = (recipe.go_folder(service) / "go.mod").read_text()
    date = service.version.replace("-", "")

    # A source without releases is pinned by the date of its commit.
    assert re.search(rf"v{re.escape(service.version)}\b|-{date}\d{{6}}-[0-9a-f]{{12}}", module)


@SERVICES
def test_the_linker_stamps_the_version_of_the_tag(service: image_table.Service) -> None:
    how = tomllib.loads((recipe.go_folder(service) / "recipe.toml").read_text())
    stamps = how.get("stamp", {}).values()

    # Vault's version is part of its source, so nothing is stamped there.
    assert any(service.version in stamp for stamp in stamps) or f"@v{service.version}" in how["upstream"]["module"]


@SERVICES
def test_no_recipe_names_an_address_on_the_network(service: image_table.Service) -> None:
    for file in recipe.go_folder(service).iterdir():
        assert file.is_dir() or "://" not in file.read_text(), file


def test_the_recipe_changes_with_the_row() -> None:
    rows = [SERVICE, replace(SERVICE, user="100:1001"), replace(SERVICE, folders=("/vault/file",))]

    assert len({recipe.image_recipe(row) for row in rows}) == len(rows)


def test_who_needs_an_image_does_not_change_its_recipe() -> None:
    assert recipe.image_recipe(replace(SERVICE, needed_by=("tracking",))) == recipe.image_recipe(SERVICE)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the files that one image is made of."""
    monkeypatch.setattr("infra.host.folders.repo", lambda: tmp_path)
    for name in ("tools/images/vault/Dockerfile", "tools/go/vault/go.mod", "tools/go/vault/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    (tmp_path / "tools/go/vault/recipe.toml").write_text('package = "."\n')
    (tmp_path / "tools/go/vault/patches.toml").write_text(
        '[[patch]]\nfile = "a"\nold = "b"\nnew = "c"\nwhy = "a reason"\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("tools/images/vault/Dockerfile", "one", "two"),
        ("tools/go/vault/go.mod", "one", "two"),
        ("tools/go/vault/x", "one", "two"),
        ("tools/go/vault/recipe.toml", '"."', '"./cmd"'),
        ("tools/go/vault/patches.toml", '"c"', '"d"'),
    ],
    ids=lambda value: value.rpartition("/")[2],
)
def test_the_recipe_changes_with_everything_that_it_is_made_of(checkout: Path, name: str, old: str, new: str) -> None:
    before = recipe.image_recipe(SERVICE), gobuild.artefact(SERVICE).recipe
    file = checkout / name
    file.write_text(file.read_text().replace(old, new))
    after = recipe.image_recipe(SERVICE), gobuild.artefact(SERVICE).recipe

    assert after[0] != before[0]
    assert (after[1] != before[1]) == ("go" in file.parts)


@pytest.mark.parametrize("name", ["recipe.toml", "patches.toml"])
def test_comments_and_reasons_rebuild_nothing(checkout: Path, name: str) -> None:
    before = recipe.image_recipe(SERVICE), gobuild.artefact(SERVICE).recipe
    file = checkout / "tools/go/vault" / name
    file.write_text("# A comment.\n" + file.read_text().replace("a reason", "another reason"))

    assert (recipe.image_recipe(SERVICE), gobuild.artefact(SERVICE).recipe) == before
