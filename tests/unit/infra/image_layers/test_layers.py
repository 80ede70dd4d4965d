import os
import tarfile
from pathlib import Path

import pytest

from infra.image_layers import layers


def tree_with(folder: Path, names: list[str]) -> Path:
    """Files in the given order, an executable one, and a link."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "bin").mkdir()
    (folder / "bin/run").touch(mode=0o4750)
    (folder / "lib").symlink_to("/usr/lib")
    return folder


def members(layer: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(layer) as archive:
        return {member.name: member for member in archive}


def test_a_layer_depends_on_names_and_content_alone(tmp_path: Path) -> None:
    one = tree_with(tmp_path / "one", ["b/x", "a"])
    other = tree_with(tmp_path / "other", ["a", "b/x"])
    os.utime(other / "a", (1, 1))
    (other / "a").chmod(0o600)

    layers.write(one, tmp_path / "one.tar")
    layers.write(other, tmp_path / "other.tar")

    assert layers.digest(tmp_path / "one.tar") == layers.digest(tmp_path / "other.tar")


def test_other_content_is_another_layer(tmp_path: Path) -> None:
    tree = tree_with(tmp_path / "one", ["a"])
    layers.write(tree, tmp_path / "one.tar")
    (tree / "a").write_text("b")
    layers.write(tree, tmp_path / "other.tar")

    assert layers.digest(tmp_path / "one.tar") != layers.digest(tmp_path / "other.tar")


def test_everything_belongs_to_root_and_can_be_read(tmp_path: Path) -> None:
    layers.write(tree_with(tmp_path / "tree", ["a"]), tmp_path / "layer.tar")

    found = members(tmp_path / "layer.tar")
    assert {name: oct(member.mode) for name, member in found.items()} == {
        "a": "0o644",
        "bin": "0o755",
        "bin/run": "0o755",
        "lib": "0o777",
    }
    assert {(member.uid, member.gid, member.mtime) for member in found.values()} == {(0, 0, layers.TIME)}
    assert found["lib"].linkname == "/usr/lib"


def test_modes_and_owners_can_be_given(tmp_path: Path) -> None:
    tree = tree_with(tmp_path / "tree", ["a"])

    layers.write(tree, tmp_path / "layer.tar", modes={"bin": 0o1777}, owned={"bin": "10001:10002"})

    folder = members(tmp_path / "layer.tar")["bin"]
    assert (folder.mode, folder.uid, folder.gid) == (0o1777, 10001, 10002)


@pytest.mark.filterwarnings("error")
def test_an_unpacked_layer_is_the_same_layer(tmp_path: Path) -> None:
    layers.write(tree_with(tmp_path / "tree", ["a", "b/c"]), tmp_path / "layer.tar")

    layers.unpack([tmp_path / "layer.tar"], tmp_path / "unpacked")
    layers.write(tmp_path / "unpacked", tmp_path / "again.tar")

    assert layers.digest(tmp_path / "layer.tar") == layers.digest(tmp_path / "again.tar")
