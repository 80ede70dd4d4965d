"""Layers of an image become a kernel: verified, unpacked into the home folder, published whole, removed again."""

import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.python.instance.instance.kernel_files import KernelError, Kernels, kernel_name
from tools.python.instance.instance.kernel_unpacking import add

SITE = "usr/local/lib/python3.11/dist-packages/"
SPEC = ".local/share/jupyter/kernels/train-1/kernel.json"


def layer(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """A tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if "/bin/" in name else 0o644
            archive.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return stream.getvalue()


class Registry(ThreadingHTTPServer):
    """Serves blobs by digest to one user."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}

    def hold(self, content: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = content
        return {"digest": digest, "size": len(content)}

    def variables(self, password: str = "pw") -> dict[str, str]:  # noqa: S107 - of this test
        address = f"http://127.0.0.1:{self.server_port}"
        return {"MLW_REGISTRY_URL": address, "MLW_REGISTRY_USERNAME": "ana", "MLW_REGISTRY_PASSWORD": password}


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        content = self.server.blobs.get(self.path.rpartition("/")[2], b"")
        self.send_response(200 if self.headers["Authorization"] == "Basic YW5hOnB3" else 401)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def request(*layers: dict[str, Any], environment: str = "train:1", python: str = "3.11") -> dict[str, Any]:
    image = hashlib.sha256(json.dumps(layers).encode()).hexdigest()
    return {"environment": environment, "python": python, "image": image, "layers": [*layers]}


def bring(registry: Registry, home: Path, *layers: bytes, **more: str) -> dict[str, Any]:
    """Add a kernel of layers."""
    return add(request(*map(registry.hold, layers), **more), home, registry.variables(), lambda _: None)


def test_packages_become_a_virtual_environment_that_jupyter_finds(registry: Registry, tmp_path: Path) -> None:
    package = layer({f"{SITE}one.py": b"x = 1\n", "usr/bin/ls": b"not ours", "etc/passwd": b"nor this"})
    script = layer({"usr/local/bin/tool": b"#!/usr/bin/python3.11\nprint(1)\n", "usr/local/bin/raw": b"\x7fELF"})

    added = bring(registry, tmp_path, package, script)

    spec = json.loads((tmp_path / SPEC).read_text())
    tree = Path(spec["argv"][0]).parents[1]
    assert (spec["display_name"], spec["argv"][1:3]) == ("train:1", ["-m", "ipykernel_launcher"])
    assert (added["kernel"], added["environment"], added["python"]) == ("train-1", "train:1", "3.11")
    assert (tree / "lib/python3.11/site-packages/one.py").read_bytes() == b"x = 1\n"
    assert (tree / "bin/tool").read_text() == f"#!{tree}/bin/python\nprint(1)\n"
    assert os.access(tree / "bin/tool", os.X_OK)
    assert (tree / "bin/raw").read_bytes() == b"\x7fELF"
    assert "include-system-site-packages = false" in (tree / "pyvenv.cfg").read_text()
    assert [path.name for path in tree.iterdir() if path.name in {"ls", "passwd", "etc"}] == []
    assert [path.name for path in tree.parent.iterdir()] == ["train-1"]


def test_another_python_is_the_one_of_the_layers(registry: Registry, tmp_path: Path) -> None:
    python = layer({"usr/local/bin/python3.12": b"\x7fELF"}, {"usr/local/bin/python": "python3.12"})

    bring(registry, tmp_path, python, layer({"usr/local/lib/python3.12/site-packages/one.py": b""}), python="3.12")

    program = Path(json.loads((tmp_path / SPEC).read_text())["argv"][0])
    assert program.resolve().name == "python3.12"
    assert not (program.parents[1] / "pyvenv.cfg").exists()


@pytest.mark.parametrize(
    "entry",
    [
        layer({"usr/local/../../outside": b"x"}),
        layer({}, {"usr/local/lib/link": "/etc"}),
        layer({}, {"usr/local/lib/link": "../../../.."}),
    ],
    ids=["parent", "absolute link", "link to a parent"],
)
def test_nothing_is_written_outside_of_the_folder(registry: Registry, tmp_path: Path, entry: bytes) -> None:
    home = tmp_path / "deep" / "home"
    home.mkdir(parents=True)
    with pytest.raises(KernelError, match="no plain file, folder or link within it"):
        bring(registry, home, entry)
    assert [path for path in tmp_path.rglob("*") if path.name in {"outside", "link"}] == []


def test_a_layer_that_is_something_else_is_not_used_and_the_kernel_before_stays(
    registry: Registry, tmp_path: Path
) -> None:
    bring(registry, tmp_path, layer({f"{SITE}one.py": b"1"}))
    held = registry.hold(layer({f"{SITE}one.py": b"2"}))
    registry.blobs[held["digest"]] = layer({f"{SITE}one.py": b"3"})

    with pytest.raises(KernelError, match="is something else; nothing of it is used"):
        add(request(held), tmp_path, registry.variables(), lambda _: None)

    kernels = Kernels(home=tmp_path)
    assert (kernels.trees / "train-1/lib/python3.11/site-packages/one.py").read_bytes() == b"1"
    assert [path.name for path in kernels.trees.iterdir()] == ["train-1"]


def test_why_the_registry_cannot_be_used_is_said(registry: Registry, tmp_path: Path) -> None:
    wanted = request(registry.hold(layer({})))

    with pytest.raises(KernelError, match="it refused the user's login"):
        add(wanted, tmp_path, registry.variables("other"), lambda _: None)
    with pytest.raises(KernelError, match="belongs to another stack"):
        add(wanted, tmp_path, {}, lambda _: None)
    with pytest.raises(KernelError, match="MiB left"):
        add(request({"digest": "sha256:0", "size": 2**60}), tmp_path, registry.variables(), lambda _: None)


def test_it_is_listed_with_its_size_replaced_and_removed(registry: Registry, tmp_path: Path) -> None:
    bring(registry, tmp_path, layer({f"{SITE}one.py": bytes(3 << 20)}))
    first = Kernels(home=tmp_path).list()
    said: list[str] = []
    add(request(registry.hold(layer({f"{SITE}one.py": bytes(3 << 20)}))), tmp_path, registry.variables(), said.append)
    bring(registry, tmp_path, layer({f"{SITE}two.py": b"2"}))

    kernels = Kernels(home=tmp_path)
    assert [(one["kernel"], one["sizeMiB"]) for one in first] == [("train-1", 3)]
    assert said == ["it is there"]
    assert [path.name for path in (kernels.trees / "train-1").glob("lib/*/dist-packages/*")] == ["two.py"]
    kernels.remove("train-1")
    assert kernels.list() == []
    assert [*kernels.trees.iterdir(), *kernels.specs.iterdir()] == []


def test_kernels_of_the_user_are_left_alone(registry: Registry, tmp_path: Path) -> None:
    own = tmp_path / SPEC
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"argv": ["mine"], "metadata": {}}))

    with pytest.raises(KernelError, match="another kernel 'train-1': one that you installed yourself"):
        bring(registry, tmp_path, layer({}))
    with pytest.raises(KernelError, match="no environment is kernel 'train-1'; those that are: none"):
        Kernels(home=tmp_path).remove("train-1")
    assert "mine" in own.read_text()


def test_names_of_kernels_are_those_that_jupyter_allows() -> None:
    assert kernel_name("My_Env.x:1.0-rc") == "my_env.x-1.0-rc"
