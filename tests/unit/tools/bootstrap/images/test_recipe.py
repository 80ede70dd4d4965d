import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE
from tools.bootstrap.images import image_table, recipe

SERVICES = pytest.mark.parametrize("service", image_table.load(), ids=lambda service: service.name)


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


@SERVICES
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
    for file in recipe.go_files(service):
        assert "://" not in file.read_text(), file


def test_the_recipe_changes_with_the_row() -> None:
    rows = [SERVICE, replace(SERVICE, user="100:1001"), replace(SERVICE, folders=("/vault/file",))]

    assert len({recipe.image_recipe(row) for row in rows}) == len(rows)


def test_the_recipe_changes_with_every_file_that_it_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.host.folders.repo", lambda: tmp_path)
    files = [
        tmp_path / "tools/images/vault/Dockerfile",
        tmp_path / "tools/go/vault/go.mod",
        tmp_path / "tools/go/vault/x",
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("one")
    found = [recipe.image_recipe(SERVICE)]

    for file in files:
        file.write_text("two")
        found.append(recipe.image_recipe(SERVICE))

    assert len(set(found)) == len(found)
    assert recipe.image_recipe(SERVICE) == found[-1]
