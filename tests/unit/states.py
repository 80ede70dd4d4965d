"""The one builder of fake stacks: their files and states, in the format of the real ones."""

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import labels
from infra.clients.state.passphrase_cipher import PassphraseCipher
from mlw.lifecycle.stack_context import Context

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GOLDEN = Path(__file__).parent / "mlw" / "testdata"
PASSPHRASE = "mine"
KEY = bytes.fromhex("69c5af2161625a5dd57fb0d81c6ac5361a351163c565c09fd8bd10262754b2b2")
"""The key of passphrase and salt, derived once."""

SALT = f"v1:c2FsdHNhbHQ=:{PassphraseCipher(KEY).encrypt('pulumi')}"
SECRET_SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}

VALID = """config:
  ml-workspace:workload: churn
  ml-workspace:tags: {owner: a@example.org, cost-center: "4711", project: churn}
"""

SERVICES = {
    "storageAccount": ("Microsoft.Storage/storageAccounts", "ml-workspace:storage:StorageAccount", "storage"),
    "containerRegistry": (
        "Microsoft.ContainerRegistry/registries",
        "ml-workspace:containerregistry:ContainerRegistry",
        "registry",
    ),
    "keyVault": ("Microsoft.KeyVault/vaults", "ml-workspace:keyvault:KeyVault", "vault"),
    "applicationInsights": (
        "Microsoft.Insights/components",
        "ml-workspace:insights:ApplicationInsights",
        "insights",
    ),
}
"""Key of the record to ARM type, type token and suffix of the container's name."""

Resource = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A project and a backend."""

    project: Path
    state: Path

    @property
    def stacks(self) -> Path:
        """Folder of the stack files."""
        return self.project / "stacks"

    @property
    def states(self) -> Path:
        """Folder of the backend's state files."""
        return self.state / ".pulumi" / "stacks" / "ml-workspace"

    def prepare(self) -> None:
        """Make the folders."""
        self.stacks.mkdir(parents=True)
        self.states.mkdir(parents=True)
        (self.project / "Pulumi.yaml").write_text("name: ml-workspace\nruntime: python\n", encoding="utf-8")

    def configure(self, stack: str, text: str = VALID) -> Path:
        """Write a stack file."""
        path = self.stacks / f"Pulumi.{stack}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def deploy(self, stack: str, resources: list[Resource] | None = None) -> Path:
        """Write the state of a stack that is up."""
        content = a_checkpoint(a_workspace(stack) if resources is None else resources, stack=stack)
        return write(self.states / f"{stack}.json", content)


def a_secret(value: object) -> dict[str, str]:
    """A secret of a state with `SALT`."""
    return {**SECRET_SIGNATURE, "ciphertext": PassphraseCipher(KEY).encrypt(json.dumps(value))}


def resource_id(stack: str, key: str) -> str:
    """Id of one of a stack's resources; of the workspace itself for `workspace`."""
    arm_type = SERVICES[key][0] if key in SERVICES else "Microsoft.MachineLearningServices/workspaces"
    return f"{group_id(stack)}/providers/{arm_type}/{name_of(stack, key)}"


def group_id(stack: str) -> str:
    """Id of a stack's resource group."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-{stack}"


def name_of(stack: str, key: str) -> str:
    """Name of one of a stack's resources."""
    prefix = {
        "storageAccount": "st",
        "containerRegistry": "cr",
        "keyVault": "kv-",
        "applicationInsights": "appi-",
        "workspace": "mlw-",
    }
    return f"{prefix[key]}{stack}"


def a_record(stack: str, **changed: object) -> dict[str, Any]:
    """The workspace record of a stack."""
    record = {
        "id": resource_id(stack, "workspace"),
        "name": name_of(stack, "workspace"),
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": "westeurope",
        "resourceGroup": f"rg-{stack}",
        "workspaceId": "11111111-2222-3333-4444-555555555555",
        "provisioningState": "Succeeded",
        "tags": {"owner": "a@example.org", "project": stack},
        **{key: resource_id(stack, key) for key in SERVICES},
    }
    return {**record, **changed}


def the_outputs(stack: str, **changed: object) -> dict[str, Any]:
    """The outputs of a running stack."""
    endpoints = {
        "storage": "http://127.0.0.1:20001",
        "registry": "127.0.0.1:20002",
        "registryReadOnly": "127.0.0.1:20006",
        "keyVault": "http://127.0.0.1:20003",
        "otlpGrpc": "http://127.0.0.1:20004",
        "otlpHttp": "http://127.0.0.1:20005",
        "insights": "http://127.0.0.1:20007",
    }
    outputs = {
        "workspace": a_record(stack),
        "endpoints": endpoints,
        "datastores": [{"name": "workspaceartifactstore", "container": "azureml"}],
        "credentials": a_secret(CREDENTIALS),
    }
    return {**outputs, **changed}


CREDENTIALS = {
    "storage": {"accessKey": "key-of-storage", "secretKey": "secret-of-storage"},
    "registry": {"username": "admin", "password": "secret-of-registry"},
    "keyVault": {"token": "secret-of-vault"},
    "telemetry": {"token": "secret-of-telemetry"},
    "insights": {"token": "secret-of-insights"},
}


def a_workspace(stack: str, *, outputs: dict[str, Any] | None = None) -> list[Resource]:
    """All resources of a stack; `outputs={}` for one whose first update did not finish."""
    shown = the_outputs(stack) if outputs is None else outputs
    record = a_record(stack)
    workspace = {
        "name": record["name"],
        "resourceId": record["id"],
        "location": "westeurope",
        "tags": record["tags"],
    }
    return [
        the_stack(stack, shown),
        the_identity(stack),
        _azure_resource(stack, "ml-workspace:resources:ResourceGroup", f"rg-{stack}", group_id(stack)),
        *(
            _azure_resource(stack, token, name_of(stack, key), resource_id(stack, key))
            for key, (_, token, _) in SERVICES.items()
        ),
        a_component("ml-workspace:machinelearningservices:Workspace", record["name"], stack=stack, inputs=workspace),
        docker_object(stack, "network", f"rg-{stack}", group_id(stack)),
        *(
            docker_object(stack, kind, f"{name_of(stack, key)}-{suffix}{part}", resource_id(stack, key))
            for key, (_, _, suffix) in SERVICES.items()
            for kind, part in (("container", ""), ("volume", "-data"))
        ),
    ]


def _azure_resource(stack: str, token: str, name: str, identity: str) -> Resource:
    return a_component(token, name, stack=stack, inputs={"name": name, "resourceId": identity, "tags": {}})


def stack_id(stack: str = "dev") -> str:
    """Identity of a stack."""
    return f"id-of-{stack}"


def the_identity(stack: str = "dev") -> Resource:
    """The resource with the identity."""
    outputs = {"stack_id": stack_id(stack), "stack": stack, "made_by": "ada@host"}
    return a_resource(
        f"rg-{stack}-identity", pulumi_type="ml-workspace:guards:StackIdentity", stack=stack, outputs=outputs
    )


def an_expiry(stack: str, *, after: str = "", on: str = "", since: str = "2026-01-01T00:00:00Z") -> Resource:
    """The resource that says when a stack expires."""
    outputs = {"expires_after": after, "expires_on": on, "since": since}
    return a_resource("expiry", pulumi_type="ml-workspace:guards:StackExpiry", stack=stack, outputs=outputs)


def a_lock(stack: str, level: str = "CanNotDelete") -> Resource:
    """A management lock of the resource group."""
    inputs = {"name": "keep", "level": level, "notes": "ask Ada", "scope": group_id(stack)}
    return a_resource("lock", pulumi_type="ml-workspace:authorization:ManagementLock", stack=stack, inputs=inputs)


def a_soft_deletion(stack: str, days: int = 14) -> Resource:
    """The resource that keeps a stack after its deletion."""
    inputs = {"stack_id": stack_id(stack), "workspace_id": resource_id(stack, "workspace"), "retention_days": days}
    kind = "ml-workspace:guards:SoftDeletion"
    return a_resource("soft-deletion", pulumi_type=kind, stack=stack, inputs=inputs)


def docker_object(stack: str, kind: str, name: str, owner: str) -> Resource:
    """One container, network or volume with its labels."""
    given = {labels.STACK: stack, labels.RESOURCE_ID: owner, labels.ID: stack_id(stack)}
    inputs = {"name": name, "labels": [{"label": key, "value": value} for key, value in given.items()]}
    token = f"docker:index/{kind}:{kind.capitalize()}"
    return a_resource(name, pulumi_type=token, stack=stack, id=f"id-of-{name}", inputs=inputs, outputs={"name": name})


def a_resource(
    name: str, *, pulumi_type: str = "docker:index/volume:Volume", stack: str = "dev", **more: object
) -> Resource:
    """A resource as in a state."""
    return {
        "urn": _urn(stack, pulumi_type, name),
        "custom": True,
        "type": pulumi_type,
        "id": name,
        "sourcePosition": "project:///__main__.py#1",
        **more,
    }


def a_component(token: str, name: str, *, stack: str, **more: object) -> Resource:
    """A resource that only groups others and has no id."""
    return {"urn": _urn(stack, token, name), "custom": False, "type": token, "inputs": {}, "outputs": {}, **more}


def the_stack(stack: str = "dev", outputs: dict[str, Any] | None = None) -> Resource:
    """The resource of the stack itself."""
    return a_component("pulumi:pulumi:Stack", f"ml-workspace-{stack}", stack=stack, outputs=outputs or {})


def _urn(stack: str, token: str, name: str) -> str:
    return f"urn:pulumi:{stack}::ml-workspace::{token}::{name}"


def a_state(
    *resources: Resource,
    time: str = "2026-11-21T10:00:00Z",
    pending: Sequence[tuple[str, Resource]] = (),
    outputs: dict[str, Any] | None = None,
) -> bytes:
    """A valid state file of the stack `dev` with these resources in addition to the stack and its identity."""
    return a_checkpoint([the_stack(outputs=outputs), the_identity(), *resources], time=time, pending=pending)


def a_checkpoint(
    resources: Sequence[Resource],
    *,
    stack: str = "dev",
    time: str = "2026-11-21T10:00:00Z",
    pending: Sequence[tuple[str, Resource]] = (),
    salt: str | None = SALT,
) -> bytes:
    """A valid state file with exactly these resources; without a salt, its secrets are under a key service."""
    latest: dict[str, Any] = {
        "manifest": {"time": time, "magic": "m", "version": "v3.256.0"},
        "secrets_providers": {"type": "passphrase", "state": {"salt": salt}} if salt else {"type": "cloud"},
        "resources": resources,
        "metadata": {},
    }
    if pending:
        latest["pending_operations"] = [{"type": type_, "resource": resource} for type_, resource in pending]
    document = {"version": 3, "checkpoint": {"stack": f"organization/ml-workspace/{stack}", "latest": latest}}
    return json.dumps(document, separators=(",", ":")).encode()


def a_context(tmp_path: Path, *, stack: str = "dev") -> Context:
    """A stack whose home and project are in a temporary folder."""
    home, project = tmp_path / "home", tmp_path / "checkout"
    (project / "stacks").mkdir(parents=True, exist_ok=True)
    home.mkdir(exist_ok=True)
    environment = {"PULUMI_BACKEND_URL": (home / "state").as_uri(), "PATH": str(tmp_path / "bin")}
    return Context(stack=stack, environment=environment, home=home, project_folder=project)


class FakeCli:
    """A `pulumi-cli` first on PATH that prints what a test specifies, and records its command lines.

    The real one is a Go program that needs a backend and a passphrase; the command lines, and how results are handled,
    are the project's own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "calls.log"
        self.does("exit 0")

    def does(self, script: str) -> None:
        """Run a shell script at every call."""
        path = write(
            self.folder / "pulumi-cli", f'#!/bin/sh\nPATH={os.defpath}\necho "$*" >> "{self.log}"\n{script}\n'.encode()
        )
        path.chmod(0o755)

    def fails(self, message: str) -> None:
        """End every call with a message."""
        self.does(f"echo {shlex.quote(message)} >&2; exit 255")

    def prints(self, text: str) -> None:
        """Print the same at every call."""
        self.does(f"cat <<'END'\n{text}\nEND")

    @property
    def calls(self) -> list[str]:
        """Command lines, in order."""
        return self.log.read_text().splitlines() if self.log.exists() else []


def write(path: Path | None, content: bytes) -> Path:
    """Write a file with its folders."""
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Heard:
    """Stands in for the terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)
