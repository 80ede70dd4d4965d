"""Search for leaked secrets: a workspace with every feature switched on exposes none of its secrets.

Every secret that its state keeps, that its vault keeps of datastores and principals, and the passphrase is looked for,
in plain text and in base64: in what the runs print, in the process list while they run, in all files of state and
checkout, in everything that the engine tells, and on the volumes, where a file with a secret belongs to its service.
"""

import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.models.containers import Container

from tests.support.engine import everything_inspected
from tests.support.environment import Environment
from tests.support.processes import command_lines
from tests.support.secret_words import sighted, words_of, words_of_state
from tests.support.stacks import LiveStack, ephemeral_stack
from tests.support.vault import vault_client

ROLES = {
    "rita": "Reader",
    "dora": "DataScientist",
    "cody": "ComputeOperator",
    "carl": "Contributor",
    "olga": "Owner",
}
EVERYTHING = {
    "tls": True,
    "tracking": {},
    "roleAssignments": [{"principal": name, "role": role} for name, role in ROLES.items()],
    "datastores": [{"name": "features", "type": "AzureBlob", "container": "features"}],
}
PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE_FILE"
OTHERS = 0o077
SOURCES = {".py", ".yaml", ".yml", ".hcl", ".sh", ".toml"}

Secrets = Mapping[str, str]
"""Secret to the place that keeps it."""


@dataclass
class _Watch:
    """Watches the process list while it is open."""

    seen: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "_Watch":
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.seen.update(command_lines().splitlines())


@dataclass(frozen=True)
class Run:
    """A workspace that was created, changed and refreshed, with everything it printed and stored."""

    live: LiveStack
    printed: Mapping[str, bytes]
    """Command to its whole output."""
    processes: str
    """Command lines of all processes there were meanwhile."""
    temporary: Path
    """The only folder for temporary files that the runs knew."""


@pytest.fixture(scope="module")
def run(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Create a workspace with every feature switched on, change it and inspect it."""
    temporary = tmp_path_factory.mktemp("temporary")
    with ephemeral_stack(environment) as stack, _Watch() as watch:
        lake = {"name": f"st{stack.workload}lake"}
        stack.configure(**EVERYTHING, additionalStorageAccounts=[lake])
        commands = {
            "up": "up --yes --skip-preview --diff",
            "up with events": "up --yes --skip-preview --json",
            "refresh": "refresh --yes --skip-preview --diff",
        }
        printed = {
            name: stack.pulumi(command, TMPDIR=str(temporary)).check().output.encode()
            for name, command in commands.items()
        }
        printed["make up"] = stack.lifecycle("up").check().output.encode()
        live = LiveStack(stack=stack, outputs=stack.outputs())
        yield Run(live, printed, "\n".join(watch.seen), temporary)


@pytest.fixture(scope="module")
def secrets(run: Run) -> Secrets:
    """Every secret of the workspace."""
    stack = run.live.stack
    public = _public_text(run.live)
    exported = json.loads(stack.pulumi("stack export --show-secrets").check().stdout)
    found = words_of_state(exported, public=public)
    for word, place in _words_of_vault(run.live.outputs):
        if word not in public:
            found.setdefault(word, place)
    passphrase = Path(stack.environment.variables[PASSPHRASE_FILE]).read_text().strip()
    return {**found, passphrase: "the passphrase"}


def _public_text(live: LiveStack) -> str:
    """Public text: names, addresses, certificates, the project's own code."""
    objects = live.stack.objects()
    hosts = [f"{host}.{net}" for host in objects.containers.values() for net in objects.networks.values()]
    outputs = json.dumps(live.stack.outputs(show_secrets=False))
    files = (path for path in (live.stack.environment.project / "infra").rglob("*") if path.suffix in SOURCES)
    return "\n".join([outputs, *hosts, *(path.read_text() for path in files)])


def _words_of_vault(outputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The secret words that the vault keeps for datastores and principals."""
    kv = vault_client(outputs).secrets.kv.v2
    for mount in ("datastores", "principals"):
        for path in kv.list_secrets(path="", mount_point=mount)["data"]["keys"]:
            answer = kv.read_secret_version(path=path, mount_point=mount, raise_on_deleted_version=True)
            for key, value in answer["data"]["data"].items():
                # An access key is a name, which MinIO's own files tell; it opens nothing without its secret key.
                if not key.lower().endswith(("accesskey", "authority")):
                    yield from ((word, f"{mount}/{path}.{key}") for word in words_of(json.dumps(value)))


def test_the_sweep_knows_every_secret(run: Run, secrets: Secrets) -> None:
    credentials, places = run.live.outputs["credentials"], " ".join(secrets.values())
    given_out = [value for held in credentials.values() for key, value in held.items() if key not in _NAMES]

    assert [value for value in given_out if value not in secrets] == []
    for kept in (
        "-initialization.outputs.unseal_key",
        "-authority.outputs.private_key",
        "-certificates.",
        "-admin.outputs.values.httpSecret",
        "-keys.outputs.values.encryptionKey",
        *(f"-principal-{name}." for name in ROLES),
        *(f"datastores/{name}." for name in ("features", "workspaceblobstore", "workspaceworkingdirectory")),
    ):
        assert kept in places, f"no secret of {kept}"
    assert len(secrets) > 50


_NAMES = {"username", "accessKey"}


def test_no_secret_is_printed(run: Run, secrets: Secrets) -> None:
    assert all(run.printed.values())
    assert sighted(run.printed, secrets) == {}


def test_no_secret_is_in_the_process_list(run: Run, secrets: Secrets) -> None:
    assert "pulumi" in run.processes
    assert "/bin/vault server" in run.processes
    assert sighted({"during": run.processes.encode(), "after": command_lines().encode()}, secrets) == {}


def test_no_secret_is_in_a_file_of_state_or_checkout_or_left_in_a_temporary_one(run: Run, secrets: Secrets) -> None:
    environment = run.live.stack.environment
    passphrase = Path(environment.variables[PASSPHRASE_FILE])
    folders = (environment.home, environment.state_folder, environment.project, run.temporary)
    files = {str(path): path for folder in folders for path in _files(folder) if path != passphrase}

    assert str(run.live.stack.state_file) in files
    assert any("history" in name for name in files)
    assert sighted({name: path.read_bytes() for name, path in files.items()}, secrets) == {}


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder; the Python environment is a link, and not followed."""
    yield from (path for path in folder.rglob("*") if path.is_file() and "/.venv/" not in str(path))


def test_passphrase_and_state_are_private(run: Run) -> None:
    environment = run.live.stack.environment
    private = (Path(environment.variables[PASSPHRASE_FILE]), environment.home, environment.state_folder.parent)

    assert {str(path): path.stat().st_mode & OTHERS for path in private} == {str(path): 0 for path in private}


def test_no_secret_is_shown_by_the_engine(run: Run, secrets: Secrets, engine: DockerClient) -> None:
    objects = run.live.stack.objects()
    told = everything_inspected(engine, objects)

    for name in (*objects.containers.values(), *objects.volumes.values(), *objects.networks.values()):
        assert name in told
    assert sighted({"inspection, processes and logs": told.encode()}, secrets) == {}


def test_secret_on_a_volume_is_in_a_file_of_the_service_alone(run: Run, secrets: Secrets, engine: DockerClient) -> None:
    held: dict[str, set[str]] = {}
    for name in run.live.stack.objects().containers.values():
        container = engine.containers.get(name)
        user = int(container.attrs["Config"]["User"].partition(":")[0])
        for mount in container.attrs["Mounts"]:
            for file, content in _archived(container, mount["Destination"]):
                if seen := sighted({f"{name}:{file.name}": content}, secrets):
                    held.setdefault(mount["Name"].removeprefix(f"{name}-"), set()).add(file.name)
                    assert (file.mode & OTHERS, file.uid) == (0, user), seen

    assert set(held) == {"config", "unseal"}, f"secrets are on {held}"


def _archived(container: Container, folder: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    chunks, _ = container.get_archive(folder)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        for member in archive.getmembers():
            if file := archive.extractfile(member) if member.isfile() else None:
                yield member, file.read()
