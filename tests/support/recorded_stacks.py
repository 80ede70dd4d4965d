"""Stacks of released versions as files: the stack file, the state, the volumes, and the content that clients read.

``python -m tests.support.recorded_stacks STACK FILE FOLDER`` writes sample data into a stack and records it, in the
environment of the version that created it from that file; see CONTRIBUTING.md. Volumes are archived with owners and
permissions while their containers are stopped. The passphrase of a recorded state is public: its secrets are
worthless.
"""

import hashlib
import io
import json
import lzma
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import yaml

from tests.support.engine import open_engine
from tests.support.mlflow_client import read_runs, write_runs
from tests.support.object_store import s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.vault import read_secret, write_secret

PASSPHRASE = "ml-workspace-test-passphrase"
STACK_FILE, STATE_FILE, VOLUMES_FILE, CONTENT_FILE = "stack.yaml", "state.json.xz", "volumes.tar.xz", "content.json"
VOLUME_TYPE = "docker:index/volume:Volume"
BUCKET, BLOBS = "azureml", {f"models/{n}.bin": hashlib.sha256(bytes([n])).digest() * 40 for n in range(3)}
SECRETS = {f"job/{n}": {"password": f"of job {n}"} for n in range(3)}
REPOSITORY, TAG = "churn/score", "1"
CREDENTIALS = ("keyVault", "registry", "storage", "telemetry")
"""Services that every recorded version has."""

TRACKING = "tracking"

TELEMETRY = "-insights-data/data/"
"""End of the folder with the telemetry of versions without the insights store."""

MOUNTED = "/volumes"
RESTORED = "ml-workspace-test.restored"
"""Label of the volumes that were restored; one that a run makes has it not."""

LEFT_OUT = ("/.minio.sys/tmp/.trash/", "/audit.log")
"""Files that nothing is read from again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """One recorded stack."""

    folder: Path

    @property
    def state_text(self) -> str:
        """The state, as exported."""
        return lzma.decompress((self.folder / STATE_FILE).read_bytes()).decode()

    @property
    def state(self) -> dict[str, Any]:
        """The parsed state."""
        found: dict[str, Any] = json.loads(self.state_text)
        return found

    @property
    def stack(self) -> str:
        """Name of the stack."""
        return str(self.state["deployment"]["resources"][0]["urn"].split("::")[0].removeprefix("urn:pulumi:"))

    @property
    def settings(self) -> str:
        """Text of the stack file."""
        return (self.folder / STACK_FILE).read_text()

    @property
    def content(self) -> dict[str, str]:
        """The content that clients read from the stack."""
        found: dict[str, str] = json.loads((self.folder / CONTENT_FILE).read_text())
        return found

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """Name of each volume to its labels."""
        volumes = [one for one in self.state["deployment"]["resources"] if one["type"] == VOLUME_TYPE]
        return {one["id"]: {label["label"]: label["value"] for label in one["inputs"]["labels"]} for one in volumes}

    @property
    def telemetry(self) -> dict[str, bytes]:
        """Files with telemetry, by name."""
        found = {}
        with tarfile.open(self.folder / VOLUMES_FILE) as archive:
            for member in archive:
                file = archive.extractfile(member) if TELEMETRY in member.name and member.isfile() else None
                if file is not None:
                    found[Path(member.name).name] = file.read()
        return found

    def restore_volumes(self) -> None:
        """Create the volumes on the engine, with their labels and contents."""
        with open_engine() as engine, ExitStack() as undo:
            for name, labels in self.labels.items():
                engine.volumes.create(name, labels={**labels, RESTORED: "true"})
            carrier = _carrier(engine, list(self.labels), undo)
            engine.api.put_archive(carrier, "/", lzma.decompress((self.folder / VOLUMES_FILE).read_bytes()))

    def volumes_on_engine(self) -> dict[str, bool]:
        """The volumes with these names, and whether each is the restored one."""
        with open_engine() as engine:
            found = {str(volume.name): volume.attrs["Labels"] or {} for volume in engine.volumes.list()}
        return {name: RESTORED in found[name] for name in self.labels if name in found}

    def remove_volumes(self) -> None:
        """Remove the volumes that a failed test has left."""
        present = self.volumes_on_engine()
        with open_engine() as engine:
            for name in present:
                engine.api.remove_volume(name, force=True)


def write_samples(outputs: Mapping[str, Any]) -> None:
    """Put blobs, secrets and an image into a stack."""
    for key, body in BLOBS.items():
        s3_client(outputs).put_object(Bucket=BUCKET, Key=key, Body=body)
    for path, values in SECRETS.items():
        write_secret(outputs, path, values)
    registry_client(outputs).push(REPOSITORY, TAG, tiny_image(b"scores"))
    if TRACKING in outputs["endpoints"]:
        write_runs(outputs, "churn")


def read_content(outputs: Mapping[str, Any]) -> dict[str, str]:
    """What outside clients find: digests of blobs, secrets, image, credentials and runs, and the workspace's GUID."""
    client = s3_client(outputs)
    found = {key: _digest(client.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in BLOBS}
    found |= {path: _digest(json.dumps(read_secret(outputs, path), sort_keys=True).encode()) for path in SECRETS}
    image = registry_client(outputs).pull(REPOSITORY, TAG)
    found |= {"image": _digest(image.manifest + b"".join(image.blobs.values()))}
    workspace, services = outputs["workspace"], list(CREDENTIALS)
    if TRACKING in outputs["endpoints"]:
        found |= {"runs": _digest(json.dumps(_facts(read_runs(outputs)), sort_keys=True).encode())}
        services.append(TRACKING)
    credentials = {service: outputs["credentials"][service] for service in services}
    return {
        **found,
        "credentials": _digest(json.dumps(credentials, sort_keys=True).encode()),
        "workspaceId": workspace["workspaceId"],
        "creationTime": workspace["creationTime"],
    }


def _facts(found: Mapping[str, Any]) -> dict[str, Any]:
    """What every version of MLflow's client says of runs and models; deleted runs are removed some day."""
    runs = [run for run in found["runs"].values() if run["info"]["lifecycle_stage"] == "active"]
    said = {run["info"]["run_id"]: [run[part] for part in ("params", "metrics", "files")] for run in runs}
    versions = {name: [version["run_id"], files] for name, (version, files) in found["versions"].items()}
    return {"runs": said, "models": found["models"], "versions": versions}


def record(stack: str, folder: Path, *, stack_file: Path, subnet: str) -> None:
    """Record a running stack.

    Args:
        stack: Its name.
        folder: The folder for the files.
        stack_file: Its stack file.
        subnet: Replaces its network's subnet: outside the pool, so that no other stack claims it.
    """
    outputs = json.loads(_pulumi("output", "--json", "--show-secrets", stack=stack))
    write_samples(outputs)
    folder.mkdir(parents=True)
    (folder / STACK_FILE).write_text(stack_file.read_text())
    (folder / CONTENT_FILE).write_text(json.dumps(read_content(outputs), indent=2) + "\n")
    exported = _without_origin(_pulumi("export", stack=stack))
    reservation = next(one for one in _resources(exported) if one["type"].endswith(":EngineReservation"))
    exported = exported.replace(reservation["outputs"]["subnet"], subnet)
    for made_by in {
        one["outputs"]["made_by"] for one in _resources(exported) if one["type"].endswith(":StackIdentity")
    }:
        exported = exported.replace(made_by, f"a test of version {folder.name}")
    (folder / STATE_FILE).write_bytes(_compressed(exported.encode()))
    (folder / VOLUMES_FILE).write_bytes(_compressed(_volumes(_resources(exported))))


def _without_origin(exported: str) -> str:
    """The state without the folders of the machine that it was created on."""
    state = json.loads(exported)
    for resource in state["deployment"]["resources"]:
        resource.pop("stackTrace", None)
        if "sourcePosition" in resource:
            resource["sourcePosition"] = "project:///infra/program.py#1"
    return json.dumps(state, indent=1)


def _volumes(resources: list[dict[str, Any]]) -> bytes:
    names = [one["id"] for one in resources if one["type"] == VOLUME_TYPE]
    containers = [one["id"] for one in resources if one["type"] == "docker:index/container:Container"]
    with open_engine() as engine, ExitStack() as undo:
        for container in containers:
            engine.api.stop(container, timeout=30)
            undo.callback(engine.api.start, container)
        chunks, _ = engine.api.get_archive(_carrier(engine, names, undo), MOUNTED)
        return _reduced(b"".join(chunks))


def _reduced(archive: bytes) -> bytes:
    """The archive without large files that carry no information."""
    target = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as found,
        tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as kept,
    ):
        for member in found.getmembers():
            if any(part in member.name for part in LEFT_OUT):
                continue
            member.mtime, member.uname, member.gname, member.pax_headers = 0, "", "", {}
            kept.addfile(member, found.extractfile(member) if member.isfile() else None)
    return target.getvalue()


def _carrier(engine: docker.DockerClient, volumes: list[str], undo: ExitStack) -> str:
    """A container that is never started and has all the volumes."""
    image = next(image for image in engine.images.list() if any("ml-workspace/minio" in tag for tag in image.tags))
    made = engine.containers.create(
        image, ["true"], volumes={name: {"bind": f"{MOUNTED}/{name}", "mode": "rw"} for name in volumes}
    )
    undo.callback(made.remove, force=True)
    return str(made.id)


def _resources(exported: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(exported)["deployment"]["resources"]
    return found


def _pulumi(*words: str, stack: str) -> str:
    command = ["pulumi-cli", "stack", *words, f"--stack={stack}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _compressed(content: bytes) -> bytes:
    return lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    named, file, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    first = yaml.safe_load(file.read_text())["config"]["ml-workspace:portRange"]["first"]
    record(named, target, stack_file=file, subnet=f"10.214.{first % 250}.0/27")
