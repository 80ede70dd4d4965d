"""Another machine with a Docker engine and an SSH server: network, mounts and engine of its own, on this machine.

Its 127.0.0.1 is not that of this machine, so what works from there has come through a tunnel. Needs root. The SSH
server is Debian's, taken out of its package without installing it; each connection starts one.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.probes import probe_until

PACKAGES = ("openssh-server", "libwrap0")
HOST = "lab.example.org"
_START = """
set -e
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir /run/sshd
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
shift
exec "$@"
"""


@dataclass(kw_only=True, slots=True)
class OtherMachine:
    """One machine.

    Attributes:
        folder: Everything that it has; a short path, because of its socket.
        engine: The process of its engine, while it runs.
    """

    folder: Path
    engine: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """The engine's socket, which is reachable without SSH only for the test itself."""
        return self.folder / "engine.sock"

    @property
    def address(self) -> str:
        """The engine's address, as a user writes it."""
        return f"ssh://root@{HOST}{self.socket}"

    @property
    def ssh_config(self) -> Path:
        """OpenSSH's configuration to reach it."""
        return self.folder / "ssh_config"

    def docker(self, *words: str) -> str:
        """Run Docker's CLI on its engine."""
        command = ["docker", "--host", f"unix://{self.socket}", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout

    def start(self) -> None:
        """Start the engine, and wait until it responds."""
        folder = self.folder
        network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"]
        folders = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
        engine = ["dockerd", "--host", f"unix://{self.socket}", *folders, *network]
        apart = ["unshare", "--net", "--mount", "sh", "-c", _START, "sh", str(folder)]
        with (folder / "engine.log").open("a") as log:
            self.engine = subprocess.Popen([*apart, *engine], stdout=log, stderr=log)
        self._write_ssh_config()
        probe_until(lambda: self.docker("version"), what="the other machine's engine", timeout_seconds=60)

    def stop(self) -> None:
        """Stop the engine with its containers, and the connections to its machine."""
        self.end_connections()
        if self.engine is not None:
            self.engine.terminate()
            self.engine.wait(60)
            self.engine = None
        # Whoever connected while the engine was ending is in the network of a machine that is no more.
        self.end_connections()

    def end_connections(self) -> None:
        """End the servers of all SSH connections, as a broken network does."""
        for one in self._servers():
            os.kill(one, signal.SIGKILL)

    def _servers(self) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    program = (folder / "exe").readlink()
                except OSError:
                    continue
                if program == self.folder / "root/usr/sbin/sshd":
                    found.append(int(folder.name))
        return found

    def _write_ssh_config(self) -> None:
        assert self.engine is not None
        folder, spaces = self.folder, f"/proc/{self.engine.pid}/ns"
        server = f"env LD_LIBRARY_PATH={folder}/libraries {folder}/root/usr/sbin/sshd -i -f {folder}/sshd_config"
        self.ssh_config.write_text(
            f"Host {HOST}\n"
            f"  ProxyCommand nsenter --net={spaces}/net --mount={spaces}/mnt {server}\n"
            f"  UserKnownHostsFile {folder}/known_hosts\n"
            f"  IdentityFile {folder}/key\n"
        )


@contextmanager
def other_machine(folder: Path) -> Iterator[OtherMachine]:
    """Run one in a folder."""
    with ExitStack() as ends:
        _take_packages(folder)
        _write_keys(folder)
        machine = OtherMachine(folder=folder)
        ends.callback(shutil.rmtree, folder / "data", ignore_errors=True)
        ends.callback(machine.stop)
        machine.start()
        yield machine


def _take_packages(folder: Path) -> None:
    if subprocess.run(["apt-cache", "show", *PACKAGES], check=False, capture_output=True, timeout=60).returncode:
        # A fresh machine has no lists of packages.
        subprocess.run(["apt-get", "-qq", "update"], check=True, capture_output=True, timeout=180)
    subprocess.run(["apt-get", "-qq", "download", *PACKAGES], cwd=folder, check=True, capture_output=True, timeout=120)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder / "root")], check=True, timeout=60)
    (folder / "libraries").mkdir()
    for library in (folder / "root").rglob("libwrap.so*"):
        shutil.copy(library, folder / "libraries" / library.name)


def _write_keys(folder: Path) -> None:
    for name in ("key", "host_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=60)
    (folder / "known_hosts").write_text(f"{HOST} {(folder / 'host_key.pub').read_text()}")
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host_key\nAuthorizedKeysFile {folder}/key.pub\nStrictModes no\nUsePAM no\nPidFile none\n"
    )
    (folder / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nsshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n")
    (folder / "shadow").write_text("root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n")
