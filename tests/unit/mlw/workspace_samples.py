"""Made-up stacks: their files and their states, as the real ones look."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import labels

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GOLDEN = Path(__file__).parent / "testdata"
SECRET_SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}

VALID = """config:
  ml-workspace:workload: churn
  ml-workspace:tags: {owner: a@example.org, cost-center: "4711", project: churn}
"""

KINDS = {
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
        path = self.states / f"{stack}.json"
        latest = {"resources": a_workspace(stack) if resources is None else resources}
        path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}), encoding="utf-8")
        return path


def resource_id(stack: str, key: str) -> str:
    """Id of one of a stack's resources; of the workspace itself for `workspace`."""
    arm_type = KINDS[key][0] if key in KINDS else "Microsoft.MachineLearningServices/workspaces"
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
        **{key: resource_id(stack, key) for key in KINDS},
    }
    return {**record, **changed}


def the_outputs(stack: str, **changed: object) -> dict[str, Any]:
    """The outputs of a stack that is up."""
    endpoints = {
        "storage": "http://127.0.0.1:20001",
        "registry": "127.0.0.1:20002",
        "registryReadOnly": "127.0.0.1:20006",
        "keyVault": "http://127.0.0.1:20003",
        "otlpGrpc": "http://127.0.0.1:20004",
        "otlpHttp": "http://127.0.0.1:20005",
    }
    outputs = {
        "workspace": a_record(stack),
        "endpoints": endpoints,
        "datastores": [{"name": "workspaceartifactstore", "container": "azureml"}],
        "credentials": SECRET_SIGNATURE,
    }
    return {**outputs, **changed}


CREDENTIALS = {
    "storage": {"accessKey": "key-of-storage", "secretKey": "secret-of-storage"},
    "registry": {"username": "admin", "password": "secret-of-registry"},
    "keyVault": {"token": "secret-of-vault"},
    "telemetry": {"token": "secret-of-telemetry"},
}


def a_workspace(stack: str, *, outputs: dict[str, Any] | None = None) -> list[Resource]:
    """All resources of a stack; `outputs={}` for one whose first update did not end."""
    shown = the_outputs(stack) if outputs is None else outputs
    record = a_record(stack)
    workspace = {
        "name": record["name"],
        "resourceId": record["id"],
        "location": "westeurope",
        "tags": record["tags"],
    }
    components = [
        _component(token, name_of(stack, key), resource_id(stack, key)) for key, (_, token, _) in KINDS.items()
    ]
    return [
        _resource("pulumi:pulumi:Stack", f"ml-workspace-{stack}", outputs=shown),
        _component("ml-workspace:resources:ResourceGroup", f"rg-{stack}", group_id(stack)),
        *components,
        _resource("ml-workspace:machinelearningservices:Workspace", str(record["name"]), inputs=workspace),
        docker_object(stack, "network", f"rg-{stack}", group_id(stack)),
        *(
            docker_object(stack, kind, f"{name_of(stack, key)}-{suffix}{part}", resource_id(stack, key))
            for key, (_, _, suffix) in KINDS.items()
            for kind, part in (("container", ""), ("volume", "-data"))
        ),
    ]


def docker_object(stack: str, kind: str, name: str, owner: str) -> Resource:
    """One container, network or volume with its labels."""
    given = {labels.STACK: stack, labels.RESOURCE_ID: owner, labels.BACKEND: "0123456789ab"}
    inputs = {"name": name, "labels": [{"label": key, "value": value} for key, value in given.items()]}
    token = f"docker:index/{kind}:{kind.capitalize()}"
    return {**_resource(token, name, inputs=inputs, outputs={"name": name}), "id": f"id-of-{name}"}


def _component(token: str, name: str, identity: str) -> Resource:
    return _resource(token, name, inputs={"name": name, "resourceId": identity, "tags": {}})


def _resource(
    token: str, name: str, *, inputs: dict[str, Any] | None = None, outputs: dict[str, Any] | None = None
) -> Resource:
    urn = f"urn:pulumi:x::ml-workspace::{token}::{name}"
    return {"urn": urn, "type": token, "inputs": inputs or {}, "outputs": outputs or {}}
