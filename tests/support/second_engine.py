"""A second Docker engine beside the machine's own: another machine, as far as images go, with an empty store."""

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
    """What DOCKER_HOST says for the engine in a folder."""
    return f"unix://{folder}/engine.sock"


@contextmanager
def second_engine(engine: DockerClient, folder: Path) -> Iterator[DockerClient]:
    """Run another ``dockerd`` in a folder; needs root.

    Its bridge is lent by the first engine: with a bridge of its own it would take over ``docker0``, and with none it
    would remove it, in both cases under the feet of the first engine. It never touches the firewall.
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
