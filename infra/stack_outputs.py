"""The stack's outputs, declared once: the contract with clients, and the source of `docs/outputs.md`.

Owns names and meaning. `infra.program` computes the values; tests compare both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One output of the stack.

    Attributes:
        keys: Key to meaning, for a mapping or for each entry of a list.
        optional: The same, for keys that exist only with an optional service.
        secret: Whether it is encrypted in the state, and shown only with `--show-secrets`.
        condition: When it exists; empty for always.
    """

    doc: str
    keys: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    secret: bool = False
    condition: str = ""


OUTPUTS: Mapping[str, Output] = {
    "workspace": Output(
        doc="The workspace record, the same as the document `workspace.json` in the workspace's artifact store.",
        keys={
            "id": "Resource id of the workspace.",
            "name": "Name of the workspace.",
            "type": "`Microsoft.MachineLearningServices/workspaces`.",
            "location": "Azure region.",
            "resourceGroup": "Name of the resource group.",
            "workspaceId": "GUID of the workspace. It never changes.",
            "creationTime": "When the workspace was created, ISO 8601, UTC.",
            "provisioningState": "`Succeeded`: the record is written when everything it references is ready.",
            "friendlyName": "Display name.",
            "description": "Description.",
            "sku": "Pricing tier.",
            "tags": "Tags, including inherited ones.",
            "storageAccount": "Resource id of the storage account.",
            "keyVault": "Resource id of the key vault.",
            "containerRegistry": "Resource id of the container registry.",
            "applicationInsights": "Resource id of application insights.",
        },
        optional={"mlFlowTrackingUri": "Address of the tracking server; only with `tracking`."},
    ),
    "resourceGroup": Output(
        doc="The resource group.",
        keys={"id": "Resource id.", "name": "Name.", "location": "Azure region.", "tags": "Tags."},
    ),
    "endpoints": Output(
        doc="Addresses on 127.0.0.1; `https` with `tls: true`. An additional storage account adds `storage.<name>`.",
        keys={
            "storage": "S3 API of the storage account.",
            "registry": "Container registry, `host:port` as in an image name.",
            "registryReadOnly": "The same images, pull only, `host:port`.",
            "keyVault": "HTTP API of the key vault.",
            "otlpGrpc": "OTLP over gRPC.",
            "otlpHttp": "OTLP over HTTP.",
            "insights": "Queries over the telemetry.",
        },
        optional={
            "tracking": "Tracking server (MLflow); only with `tracking`.",
            "inference": "Online endpoints: `<inference>/<endpoint>/score`; only with `inference`.",
        },
    ),
    "datastores": Output(
        doc="A list of datastores, without credentials.",
        keys={
            "name": "Name of the datastore.",
            "type": "`AzureBlob`, `AzureFile` or `S3`.",
            "container": "Container, share or bucket.",
            "uri": "Address of the container.",
            "isDefault": "Whether it is the workspace's default datastore.",
            "vaultPath": "Mount and path of its credentials in the key vault.",
        },
    ),
    "credentials": Output(
        doc="Administrative credentials. An additional storage account adds `storage.<name>`.",
        keys={
            "storage": "`accessKey` and `secretKey`.",
            "registry": "`username` and `password`.",
            "keyVault": "`token`; not a root token.",
            "telemetry": "`token` for the header `Authorization: Bearer <token>` of OTLP.",
            "insights": "`token` for the same header of queries.",
        },
        optional={"tracking": "`username` and `password`; only with `tracking`."},
        secret=True,
    ),
    "roleAssignments": Output(
        doc="A list of role assignments, without credentials.",
        keys={
            "principal": "Name of the principal; its user name in the services.",
            "role": "Name of the role.",
            "vaultPath": "Mount and path of the principal's credentials in the key vault.",
        },
        condition="the stack file has `roleAssignments` or `computes`",
    ),
    "endpointIdentities": Output(
        doc="A list of the principals that online endpoints may have as identity.",
        condition="the stack file has `inference.identities`",
    ),
    "computes": Output(
        doc="A list of computes: those of the stack file, after `local`, which is this machine.",
        keys={
            "id": "Resource id.",
            "name": "Name of the compute.",
            "type": "`AmlCompute`, `ComputeInstance`, `VirtualMachine` or `local`.",
            "principal": "Its principal, the identity of its jobs; of an instance, its user.",
        },
        optional={
            "vmSize": "Azure's size of a node; not of `local`, as all that follow, and not of an attached engine.",
            "vmPriority": "`Dedicated` or `LowPriority`; of clusters only, as all about nodes.",
            "minNodeCount": "Nodes that Azure keeps running.",
            "maxNodeCount": "Jobs that run at the same time.",
            "nodeIdleTimeBeforeScaleDown": "ISO 8601 duration.",
            "assignedUser": "The principal who works with an instance.",
            "schedules": "`computeStartStop` of an instance, as in the stack file.",
            "idleTimeBeforeShutdown": "ISO 8601 duration after which an idle instance stops; empty for never.",
            "endpoint": "Address of an instance.",
            "address": "Address of an attached engine.",
            "sshPrivateKeyFile": "File with the private key of the login; empty for OpenSSH's own choice.",
            "description": "Description.",
            "tags": "Its own tags.",
        },
        condition="the stack file has `computes`",
    ),
    "certificateAuthority": Output(
        doc="CA certificates that clients must trust, PEM.",
        condition="the stack, or a stack whose resources it uses, has `tls: true`",
    ),
}
"""Outputs by name, in the order of `pulumi stack output --json`."""


def always() -> set[str]:
    """Names of the outputs that every stack has."""
    return {name for name, output in OUTPUTS.items() if not output.condition}
