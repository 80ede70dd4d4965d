"""Replaced images are removed once no container uses them; images of others are never removed."""

import io
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from infra.clients.engine.replaced_images import remove_replaced
from infra.host import folders, replaced_image_ids
from tools.bootstrap.images import assemble
from tools.bootstrap.images.recipe import RECIPE_LABEL

CANDIDATE = "mlw-test-replaced"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_CACHE", str(tmp_path))


def an_image(engine: DockerClient, label: str) -> str:
    """Create an image without a tag."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(uuid.uuid4().hex))
    made = engine.api.import_image_from_data(content.getvalue(), changes=[f'LABEL {label}="x"', 'CMD ["none"]'])
    return str(made).rpartition('"status":"')[2].partition('"')[0]


def exists(engine: DockerClient, image: str) -> bool:
    try:
        engine.images.get(image)
    except ImageNotFound:
        return False
    return True


@pytest.fixture
def images(engine: DockerClient) -> Iterator[dict[str, str]]:
    """A replaced image of the project that a container uses, and a foreign image."""
    made = {"ours": an_image(engine, RECIPE_LABEL), "theirs": an_image(engine, "tests.theirs")}
    try:
        yield made
    finally:
        for image in made.values():
            if exists(engine, image):
                engine.api.remove_image(image, force=True)


def test_a_replaced_image_is_removed_with_its_last_container(engine: DockerClient, images: dict[str, str]) -> None:
    container = engine.api.create_container(images["ours"])["Id"]
    try:
        folders.replaced_images().write_text(images["ours"])
        remove_replaced()
        assert exists(engine, images["ours"])
        assert folders.replaced_images().read_text() == images["ours"]
    finally:
        engine.api.remove_container(container)

    remove_replaced()

    assert not exists(engine, images["ours"])
    assert not folders.replaced_images().exists()
    assert exists(engine, images["theirs"])


def test_an_image_that_was_tagged_meanwhile_stays(engine: DockerClient, images: dict[str, str]) -> None:
    folders.replaced_images().write_text(f"{images['ours']}\nsha256:{'0' * 64}")
    engine.api.tag(images["ours"], CANDIDATE)

    remove_replaced()

    assert exists(engine, images["ours"])
    assert not folders.replaced_images().exists()


def test_an_image_that_lost_its_tag_is_removed_and_no_other_one(engine: DockerClient, images: dict[str, str]) -> None:
    """One of another home has no tag either."""
    other, newer = an_image(engine, RECIPE_LABEL), an_image(engine, RECIPE_LABEL)
    engine.api.tag(images["ours"], CANDIDATE)
    try:
        assemble.move_tag(CANDIDATE, newer)
        assert exists(engine, images["ours"])

        assemble.remove_replaced()

        assert not exists(engine, images["ours"])
        assert exists(engine, other)
        assert engine.images.get(CANDIDATE).id == newer
        assert not replaced_image_ids.are_noted()
    finally:
        for image in (CANDIDATE, other):
            engine.api.remove_image(image)
