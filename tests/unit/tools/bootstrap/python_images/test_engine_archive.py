import hashlib
import json
import tarfile
from pathlib import Path

from infra.image_layers import layers
from tools.bootstrap.python_images import engine_archive


def write(folder: Path, out: Path, *, user: str = "1:1") -> str:
    with out.open("wb") as file:
        stacked = [folder / "base.tar", folder / "program.tar"]
        return engine_archive.write(
            file, tag="ml-workspace/x:candidate", architecture="amd64", stacked=stacked, config={"User": user}
        )


def test_the_archive_has_the_layers_in_order_and_an_id_that_depends_on_content(tmp_path: Path) -> None:
    for name in ("base", "program"):
        (tmp_path / f"{name}.tar").write_text(name)

    image = write(tmp_path, tmp_path / "one.tar")

    with tarfile.open(tmp_path / "one.tar") as archive:
        content = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    (manifest,) = json.loads(content["manifest.json"])
    config = content[manifest["Config"]]
    assert [content[name] for name in manifest["Layers"]] == [b"base", b"program"]
    assert json.loads(config)["rootfs"]["diff_ids"] == [
        layers.digest(tmp_path / "base.tar"),
        layers.digest(tmp_path / "program.tar"),
    ]
    assert image == f"sha256:{hashlib.sha256(config).hexdigest()}"
    assert manifest["RepoTags"] == ["ml-workspace/x:candidate"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("base", "program"):
        (tmp_path / f"{name}.tar").write_text(name)

    images = [write(tmp_path, tmp_path / "one.tar"), write(tmp_path, tmp_path / "two.tar")]

    assert images[0] == images[1]
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert write(tmp_path, tmp_path / "three.tar", user="2:2") != images[0]
