"""Attached engines: Docker engines other than that of the workspace, which run jobs.

Notes in the home's folder say which engines may hold something of a stack, whatever its stack file says by now. A note
is written before anything is created, and removed after nothing was found.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.clients.engine import docker_engine, job_leftovers
from infra.clients.engine.ssh_tunnel import SshTunnel, responds
from infra.errors import EngineUnreachableError
from infra.host import atomic_files, file_locks, folders
from infra.labels import ID
from infra.rules.computes import engine_addresses

if TYPE_CHECKING:
    import docker


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedEngine:
    """One engine, as jobs of one stack use it.

    Attributes:
        compute: Name of the compute.
        address: As in the stack file.
        key_file: File with the private key of the login; empty for OpenSSH's own choice.
        ports: Ports of this machine that its jobs use.
        stack_id: Identity of the stack; empty for a look that creates nothing.
    """

    compute: str
    address: str
    key_file: str = ""
    ports: tuple[int, ...] = ()
    stack_id: str = ""

    @contextmanager
    def connect(self, *, timeout_seconds: float | None = None) -> Iterator[docker.DockerClient]:
        """Open a client; see :func:`infra.clients.engine.docker_engine.connect`.

        Raises:
            EngineUnreachableError: It does not respond; names the compute.
        """
        try:
            # The socket may lead to another machine.
            timeout = timeout_seconds or docker_engine.TIMEOUT_SECONDS
            with (
                self._socket() as socket,
                docker_engine.connect(timeout_seconds=timeout, host=f"unix://{socket}") as client,
            ):
                if self.stack_id:
                    _note(self)
                yield client
        except EngineUnreachableError as exc:
            cause = exc.__cause__
            reason = f"it does not respond ({type(cause).__name__})" if cause and self._is_of_client(exc) else str(exc)
            raise EngineUnreachableError(
                f"using the Docker engine at '{self.address}' of compute '{self.compute}': {reason}. Start the engine, "
                f"or the connection to its machine; `mlw compute show STACK --name {self.compute}` looks again."
            ) from exc

    @contextmanager
    def _socket(self) -> Iterator[str]:
        """The socket to connect to; tried first, because Docker's library leaks one for each that is refused."""
        tunnel = self._tunnel
        with tunnel.used() if tunnel else nullcontext(engine_addresses.parse(self.address).socket) as socket:
            if not responds(Path(socket)):
                raise EngineUnreachableError(f"nothing listens at '{socket}'")
            yield socket

    @staticmethod
    def _is_of_client(exc: EngineUnreachableError) -> bool:
        return str(exc).startswith("using the Docker engine")

    def close(self) -> None:
        """End its tunnel, until the next use; does nothing without one."""
        if tunnel := self._tunnel:
            tunnel.close()

    def forget(self) -> None:
        """End its tunnel for good, and remove the note."""
        if tunnel := self._tunnel:
            tunnel.remove()
        if self.stack_id:
            _forget(self)

    @property
    def _tunnel(self) -> SshTunnel | None:
        address = engine_addresses.parse(self.address)
        owner = self.stack_id or f"look {os.getpid()}"
        return SshTunnel(address, self.key_file, self.ports, owner) if address.host else None

    def remove_everything(self) -> None:
        """Remove containers, volumes and images of jobs, then the note.

        Raises:
            EngineUnreachableError: It does not respond; what it holds is unknown.
        """
        job_leftovers.remove_objects(self.stack_id, self.connect)
        job_leftovers.remove_images(self.ports, self.connect)
        self.forget()

    @property
    def by_hand(self) -> str:
        """The command that lists what it holds."""
        return f"docker -H {self.address} ps -a --filter label={ID}={self.stack_id}"


def noted(stack_id: str) -> list[AttachedEngine]:
    """The engines that may hold something of a stack."""
    return _read(_file(stack_id))


def remove_from_all(
    stack_id: str, say: Callable[[str], None] = lambda _: None, *, compute: str = ""
) -> list[AttachedEngine]:
    """Remove what attached engines hold of a stack.

    Args:
        stack_id: Identity of the stack.
        say: Called with messages.
        compute: Only those of this compute.

    Returns:
        Those that do not respond: what they hold is unknown.
    """
    left = []
    for engine in noted(stack_id):
        if compute and engine.compute.lower() != compute.lower():
            continue
        try:
            engine.remove_everything()
        except EngineUnreachableError as exc:
            say(
                f"{exc} What it holds of this stack was not looked for. `{engine.by_hand}` lists its containers; "
                "volumes and images have the same label and the registry's address."
            )
            left.append(engine)
        else:
            say(f"Removed what jobs left on the engine at '{engine.address}' of compute '{engine.compute}'.")
    return left


def forget_all(stack_id: str) -> None:
    """Remove the notes of a stack that is gone, and end its tunnels."""
    for engine in noted(stack_id):
        engine.forget()
    _file(stack_id).unlink(missing_ok=True)
    _lock(stack_id).unlink(missing_ok=True)


_written: set[AttachedEngine] = set()
"""What this process has noted, so that not every call reads the file."""


def _note(engine: AttachedEngine) -> None:
    if engine not in _written:
        _change(engine.stack_id, lambda found: found if engine in found else [*found, engine])
        _written.add(engine)


def _forget(engine: AttachedEngine) -> None:
    _change(engine.stack_id, lambda found: [one for one in found if one != engine])
    _written.discard(engine)


def _change(stack_id: str, edit: Callable[[list[AttachedEngine]], list[AttachedEngine]]) -> None:
    path = _file(stack_id)
    folders.private_folder(path.parent)
    with file_locks.hold(_lock(stack_id), "noting an attached engine"):
        changed = [asdict(one) for one in edit(_read(path))]
        if changed:
            atomic_files.write(path, json.dumps(changed, indent=2))
        else:
            path.unlink(missing_ok=True)


def _read(path: Path) -> list[AttachedEngine]:
    with contextlib.suppress(FileNotFoundError):
        return [_of(one) for one in json.loads(path.read_text(encoding="utf-8"))]
    return []


def _of(found: dict[str, Any]) -> AttachedEngine:
    return AttachedEngine(**{**found, "ports": tuple(found["ports"])})


def _file(stack_id: str) -> Path:
    return folders.home() / "jobs" / f"{stack_id}.engines.json"


def _lock(stack_id: str) -> Path:
    return folders.home() / "jobs" / f"{stack_id}.engines.lock"
