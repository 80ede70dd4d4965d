"""A second Docker engine next to the machine's own, with an empty store: for images it acts as another machine."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker import DockerClient
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool

from tests.support.probes import probe_until

BRIDGE_NAME = "com.docker.network.bridge.name"


def address_of(folder: Path) -> str:
    """The value of DOCKER_HOST for the engine in a folder."""
    return f"unix://{folder}/engine.sock"


@dataclass(kw_only=True, slots=True)
class SecondEngine:
    """An engine of a test's own, which may be killed.

    Attributes:
        folder: Everything that it has.
        bridge: Network of the first engine that it uses as its default one.
        second_bridge: Another one, for a network with names.
        client: A client of it.
        process: Its process, while it runs.
    """

    folder: Path
    bridge: Network
    second_bridge: Network
    client: DockerClient
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it responds."""
        folder = self.folder
        command = [
            "dockerd",
            "--host",
            address_of(folder),
            "--bridge",
            str(self.bridge.name),
            "--pidfile",
            f"{folder}/pid",
        ]
        folders = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
        network = ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        with (folder / "engine.log").open("a") as log:
            self.process = subprocess.Popen([*command, *folders, *network], stdout=log, stderr=log)
        # Asked by the command-line client: the Python one leaks a socket for each refused connection.
        asking = ["docker", "--host", address_of(folder), "version"]
        probe_until(lambda: subprocess.run(asking, check=True, capture_output=True), what="the second engine's answer")

    def kill(self) -> None:
        """Kill it with the containerd that it has started; the next start kills and cleans up their containers."""
        assert self.process is not None
        pid_file = self.folder / "exec/containerd/containerd.pid"
        containerd = int(pid_file.read_text())
        self.process.kill()
        self.process.wait(30)
        with suppress(ProcessLookupError):
            os.kill(containerd, signal.SIGKILL)

        def ended() -> None:
            state = Path(f"/proc/{containerd}/stat")
            assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"

        probe_until(ended, what="the end of a killed containerd")
        # Where nothing reaps orphans the next engine would take the dead one for a running one, and wait for it.
        pid_file.unlink()

    def stop(self) -> None:
        """Stop it, with all its containers."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    @property
    def network(self) -> dict[str, Any]:
        """Arguments that create a network, on a bridge of the first engine: its firewall drops packets of others."""
        self.second_bridge.reload()
        (place,) = self.second_bridge.attrs["IPAM"]["Config"]
        pool = IPAMPool(subnet=place["Subnet"], gateway=place["Gateway"])
        return {
            "driver": "bridge",
            "options": {BRIDGE_NAME: str(self.second_bridge.name)},
            "ipam": IPAMConfig(pool_configs=[pool]),
        }

    def copy_image(self, image: str, engine: DockerClient) -> None:
        """Load an image that another engine has."""
        self.client.images.load(b"".join(engine.images.get(image).save(named=True)))


@contextmanager
def killable_engine(engine: DockerClient, folder: Path) -> Iterator[SecondEngine]:
    """Run another ``dockerd`` in a folder; needs root.

    It borrows a bridge of the first engine: with its own bridge it would take over ``docker0``, and without one it
    would remove it, in both cases while the first engine uses it. It never touches the firewall.
    """
    with ExitStack() as ends:
        ends.callback(shutil.rmtree, folder / "data")
        ends.callback(_unmount, folder)
        bridges = [_bridge(engine, ends) for _ in range(2)]
        client = ends.enter_context(closing(docker.DockerClient(address_of(folder), version="1.41", timeout=60)))
        second = SecondEngine(folder=folder, bridge=bridges[0], second_bridge=bridges[1], client=client)
        ends.callback(second.stop)
        second.start()
        yield second


def _bridge(engine: DockerClient, ends: ExitStack) -> Network:
    name = f"mlwt{secrets.token_hex(4)}"
    network = engine.networks.create(name, driver="bridge", options={BRIDGE_NAME: name})
    ends.callback(network.remove)
    return network


def _unmount(folder: Path) -> None:
    """Unmount what killed engines have left mounted in their folder."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((one for one in mounts if one.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=True)


@contextmanager
def second_engine(engine: DockerClient, folder: Path) -> Iterator[DockerClient]:
    """The same for a test that only uses it."""
    with killable_engine(engine, folder) as second:
        yield second.client
