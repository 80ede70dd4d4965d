"""A second Docker engine next to the machine's own, with an empty store: for images it acts as another machine."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
from docker import DockerClient

from tests.support.probes import probe_until


def address_of(folder: Path) -> str:
    """The value of DOCKER_HOST for the engine in a folder."""
    return f"unix://{folder}/engine.sock"


@contextmanager
def second_engine(engine: DockerClient, folder: Path) -> Iterator[DockerClient]:
    """Run another ``dockerd`` in a folder; needs root.

    It borrows a bridge of the first engine: with its own bridge it would take over ``docker0``, and without one it
    would remove it, in both cases while the first engine uses it. It never touches the firewall.
    """
    bridge = f"mlwt{secrets.token_hex(4)}"
    network = engine.networks.create(bridge, driver="bridge", options={"com.docker.network.bridge.name": bridge})
    try:
        with _running(folder, bridge):
            # Asked by the command-line client: the Python one leaks a socket for each refused connection.
            asking = ["docker", "--host", address_of(folder), "version"]
            probe_until(
                lambda: subprocess.run(asking, check=True, capture_output=True), what="the second engine's answer"
            )
            with closing(docker.DockerClient(address_of(folder), timeout=60)) as client:
                yield client
    finally:
        network.remove()
        shutil.rmtree(folder / "data")


@contextmanager
def _running(folder: Path, bridge: str) -> Iterator[None]:
    command = ["dockerd", "--host", address_of(folder), "--bridge", bridge, "--pidfile", f"{folder}/pid"]
    folders = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    network = ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
    with (folder / "engine.log").open("w") as log:
        process = subprocess.Popen([*command, *folders, *network], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
