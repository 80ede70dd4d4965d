"""Makes the images: layers from the cache or made now, put together, loaded into the engine, verified, tagged.

The layers with Debian's packages and with a service's wheels are kept in the cache of finished tools. The layer with
the program itself is small and made each time.
"""

from __future__ import annotations

import contextlib
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.host import folders
from infra.image_layers import layers
from tools.bootstrap import artefacts, disk
from tools.bootstrap.artefacts import Artefact
from tools.bootstrap.images import assemble, docker_cli, image_table
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.images.recipe import RECIPE_LABEL, SOURCE_LABEL
from tools.bootstrap.progress import Report
from tools.bootstrap.python_images import bytecode, debian_packages, engine_archive, python_recipes, wheels

LAYER = "layer.tar"
SPACE = disk.GIB
STDLIB = "usr/lib/python3.11"

ACCOUNTS = "root:x:0:0::/:/bin/sh\n{name}:x:{user}::/tmp:/bin/sh\n"
FILES = {
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/passwd": ACCOUNTS.format(name="nobody", user="65534:65534"),
}
LINKS = {
    "usr/bin/python": "python3.11",
    "usr/bin/python3": "python3.11",
    # Where OpenSSL looks by default
    "usr/lib/ssl/cert.pem": f"/{debian_packages.AUTHORITIES}",
}
ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - of the container
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
# Isolated (-I): no variable and no file in a writable folder decides which code runs.
START = "#!/usr/bin/python3.11 -IuB\nimport sys\nfrom {name}.__main__ import main\nsys.exit(main())\n"


def finish(service: Service, *, recipe: str, report: Report) -> None:
    """Make an image and give it the canonical tag.

    Raises:
        BootstrapError: A package cannot be fetched, or this machine cannot make the image.
    """
    architecture = image_table.MACHINES.get(platform.machine(), platform.machine())
    candidate = assemble.CANDIDATE.format(service=service.name, recipe=recipe)
    with working_folder() as folder:
        stacked = _layers(service, folder, report)
        report("loading into the engine")
        with tempfile.TemporaryFile(dir=folder) as stream:
            config = _config(service, recipe)
            engine_archive.write(stream, tag=candidate, architecture=architecture, stacked=stacked, config=config)
            stream.seek(0)
            docker_cli.load(stream)
    try:
        assemble.adopt(service, candidate)
    finally:
        docker_cli.call("rmi", candidate)


def artefact(service: Service) -> Artefact:
    """The finished layer in the cache: of Debian's packages for the base, of wheels for a service."""
    is_base = service.base == python_recipes.DEBIAN
    made_of = python_recipes.base_hash() if is_base else python_recipes.packages_hash(service)
    return Artefact(
        name=service.name, version=service.version, recipe=f"{made_of}-{platform.machine()}", files=(LAYER,)
    )


def base_of(service: Service) -> Service:
    """The row that a service is built on."""
    return next(row for row in image_table.load() if row.name == service.base)


@contextlib.contextmanager
def working_folder() -> Iterator[Path]:
    """A folder for unpacked images, on a disk with enough space."""
    parent = folders.private_folder(folders.build())
    disk.require(parent, SPACE, doing="making an image of Python")
    with tempfile.TemporaryDirectory(dir=parent, prefix="python-") as folder:
        yield Path(folder)


def _layers(service: Service, folder: Path, report: Report) -> list[Path]:
    """The layers of an image, the lowest first."""
    if service.base == python_recipes.DEBIAN:
        return [_base_layer(service, folder, report)]
    base = _base_layer(base_of(service), folder, report)
    interpreter = folder / "interpreter"
    layers.unpack([base], interpreter)
    return [base, _packages_layer(service, folder, interpreter, report), _program_layer(service, folder, interpreter)]


def _base_layer(service: Service, folder: Path, report: Report) -> Path:
    finished = artefact(service)
    if not finished.is_present():
        with artefacts.publish(finished) as target:
            _make_base(folder, target / LAYER, report)
    return finished.folder / LAYER


def _make_base(folder: Path, layer: Path, report: Report) -> None:
    wanted, tree, archives = python_recipes.base(), folder / "base", folder / "debian"
    archives.mkdir()
    report(f"fetching {len(wanted.packages)} Debian packages")
    found = debian_packages.download(wanted.packages, archives, release=wanted.release)
    debian_packages.unpack(found, tree, left_out=wanted.left_out)
    for name, text in FILES.items():
        (tree / name).write_text(text)
    (tree / "usr/lib/ssl").mkdir()
    (tree / "tmp").mkdir()
    for name, to in (LINKS | {f"usr/bin/{applet}": "busybox" for applet in wanted.busybox}).items():
        (tree / name).symlink_to(to)
    report("compiling the standard library")
    bytecode.compile_below([tree / STDLIB], tree=tree, interpreter=tree)
    layers.write(tree, layer, modes={"tmp": 0o1777})


def _packages_layer(service: Service, folder: Path, interpreter: Path, report: Report) -> Path:
    finished = artefact(service)
    if finished.is_present():
        return finished.folder / LAYER
    tree, archives = folder / "packages", folder / "wheels"
    archives.mkdir()
    report("fetching Python packages")
    wanted = wheels.download(python_recipes.lock(service), archives, machine=platform.machine())
    wheels.unpack(wanted, tree, left_out=python_recipes.program(service).left_out)
    report(f"compiling {len(wanted)} Python packages")
    bytecode.compile_below([tree / wheels.PACKAGES], tree=tree, interpreter=interpreter)
    with artefacts.publish(finished) as target:
        layers.write(tree, target / LAYER)
    return finished.folder / LAYER


def _program_layer(service: Service, folder: Path, interpreter: Path) -> Path:
    """The program of this project, its start file, its user, and its folders."""
    tree, source = folder / "program", python_recipes.folder(service)
    for file in python_recipes.sources(service):
        _write(tree / wheels.PACKAGES / file.relative_to(source), file.read_bytes())
    bytecode.compile_below([tree / wheels.PACKAGES], tree=tree, interpreter=interpreter)
    start = tree / service.binary.lstrip("/")
    _write(start, START.format(name=service.name).encode())
    start.chmod(0o755)
    _write(tree / "etc/passwd", ACCOUNTS.format(name=service.name, user=service.user).encode())
    owned = {path.lstrip("/"): service.user for path in service.folders}
    for path in owned:
        (tree / path).mkdir(parents=True, exist_ok=True)
    layer = folder / LAYER
    layers.write(tree, layer, owned=owned)
    return layer


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _config(service: Service, recipe: str) -> dict[str, Any]:
    """How containers of an image run."""
    is_base = service.base == python_recipes.DEBIAN
    program = python_recipes.Program() if is_base else python_recipes.program(service)
    config = {
        "Entrypoint": [service.binary],
        "Env": [f"{name}={value}" for name, value in sorted((ENVIRONMENT | program.environment).items())],
        "Labels": {RECIPE_LABEL: recipe, SOURCE_LABEL: "built"},
        "User": service.user,
        "WorkingDir": "/",
    }
    if program.ports:
        config["ExposedPorts"] = {f"{port}/tcp": {} for port in program.ports}
    return config
