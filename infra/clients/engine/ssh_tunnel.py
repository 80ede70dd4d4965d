"""Tunnels to other machines by the OpenSSH client: the engine there as a socket here, and services of here there.

The client runs on its own, as a master that its control socket commands, so a killed process leaves jobs connected and
the next one uses the same tunnel. All settings of `~/.ssh/config`, known hosts and the agent apply.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from infra.errors import EngineUnreachableError, HostError
from infra.host import file_locks
from infra.host.folders import PRIVATE
from infra.rules.computes.engine_addresses import EngineAddress

CONNECT_SECONDS = 10
USE_SECONDS = 60.0
"""How long the end of a tunnel waits for those who use it."""

_START_SECONDS = 60.0
_OPTIONS = (
    "BatchMode=yes",  # never ask: there is no terminal
    "ExitOnForwardFailure=yes",
    f"ConnectTimeout={CONNECT_SECONDS}",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "StreamLocalBindUnlink=yes",
    "ControlPersist=no",
    "ForwardAgent=no",
    "ForwardX11=no",
)


@dataclass(frozen=True, slots=True)
class SshTunnel:
    """One tunnel.

    Attributes:
        address: The engine.
        key_file: File with the private key; empty for OpenSSH's own choice.
        ports: Ports of 127.0.0.1 here that 127.0.0.1 there has, too.
        owner: Who shares it: processes with the same word use the same tunnel.
    """

    address: EngineAddress
    key_file: str = ""
    ports: Sequence[int] = ()
    owner: str = ""

    @contextmanager
    def used(self) -> Iterator[str]:
        """Open it as :meth:`open` does, and use it: nobody closes it meanwhile."""
        with file_locks.hold_shared(self._folder() / "use"):
            yield self.open()

    def open(self) -> str:
        """Path of a socket that leads to the engine; starts the tunnel unless it is up.

        Raises:
            EngineUnreachableError: There is no connection; quotes the client.
        """
        folder = self._folder()
        engine = folder / "engine"
        if responds(engine):
            return str(engine)
        with file_locks.hold(folder / "lock", "opening a tunnel"):
            if not responds(engine):
                self._end(folder)
                self._start(folder)
        return str(engine)

    def close(self) -> None:
        """End it when nobody uses it; one that is not up is ignored, one that stays in use is left to its users."""
        with suppress(file_locks.LockHeldError):
            self._close_unused()

    def remove(self) -> None:
        """End it, and remove its files: nobody should use it any more."""
        folder = self._folder()
        try:
            self._close_unused()
        except file_locks.LockHeldError:
            self._end(folder)
        shutil.rmtree(folder, ignore_errors=True)

    def _close_unused(self) -> None:
        folder, doing = self._folder(), "closing a tunnel"
        with file_locks.hold(folder / "use", doing, wait_seconds=USE_SECONDS), file_locks.hold(folder / "lock", doing):
            self._end(folder)

    def _start(self, folder: Path) -> None:
        forwards = ["-L", f"{folder}/engine:{self.address.socket}"]
        for port in self.ports:
            forwards += ["-R", f"127.0.0.1:{port}:127.0.0.1:{port}"]
        command = [*self._client(folder), "-f", "-N", "-T", "-M", *forwards, *self._destination()]
        log = folder / "log"
        with log.open("wb") as output:
            try:
                # It goes to the background when all ports are forwarded.
                code = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=_START_SECONDS, check=False
                ).returncode
            except FileNotFoundError as exc:
                raise EngineUnreachableError("the command 'ssh' of OpenSSH is not installed") from exc
            except subprocess.TimeoutExpired as exc:
                raise EngineUnreachableError(f"no connection within {_START_SECONDS:.0f} s") from exc
        if code:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise EngineUnreachableError(f"ssh: {'; '.join(said[-3:]) or f'exit code {code}'}")

    def _end(self, folder: Path) -> None:
        if (folder / "control").exists():
            command = [*self._client(folder), "-O", "exit", *self._destination()]
            subprocess.run(command, capture_output=True, timeout=_START_SECONDS, check=False)
        (folder / "engine").unlink(missing_ok=True)

    def _client(self, folder: Path) -> list[str]:
        configuration = os.environ.get("MLW_SSH_CONFIG")
        return [
            "ssh",
            *(("-F", configuration) if configuration else ()),
            *(word for option in _OPTIONS for word in ("-o", option)),
            "-S",
            f"{folder}/control",
        ]

    def _destination(self) -> list[str]:
        address = self.address
        return [
            *(("-i", os.path.expanduser(self.key_file), "-o", "IdentitiesOnly=yes") if self.key_file else ()),  # noqa: PTH111 - as ssh does
            *(("-p", address.port) if address.port else ()),
            *(("-l", address.user) if address.user else ()),
            "--",
            address.host,
        ]

    def _folder(self) -> Path:
        """A private folder with a short name: the path of a socket has 107 characters at most."""
        facts = "\n".join((self.owner, self.address.text, self.key_file, *map(str, self.ports)))
        parent = _private(Path(tempfile.gettempdir()) / f"mlw-{os.getuid()}")
        return _private(parent / hashlib.sha256(facts.encode()).hexdigest()[:16])


def _private(folder: Path) -> Path:
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise HostError(
            f"preparing the folder '{folder}' for a tunnel: it is not a folder that only you can use. Remove it, or "
            "set TMPDIR to another folder."
        )
    return folder


def responds(path: Path) -> bool:
    """Whether a client listens at a socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True
