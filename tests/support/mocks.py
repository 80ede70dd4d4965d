"""Pulumi mocks that record what a program registered, in which order, with which inputs."""

from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from infra.provider.tokens import MODULES
from infra.resources.resource import PACKAGE

TOKENS = {name.rpartition(":")[2]: f"{PACKAGE}:{name}" for name in MODULES}
"""Class name of each resource of the project's own provider to its type token."""


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]


@dataclass
class RecordingMocks(Mocks):
    """Responds as the providers would and records every registration."""

    resources: list[Registered] = field(default_factory=list)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Record one resource and invent what its provider adds."""
        self.resources.append(Registered(args.typ, args.name, dict(args.inputs)))
        return f"{args.name}-id", {**args.inputs, **_outputs(args.typ, args.inputs)}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Functions are not used by the program."""
        message = f"unexpected call of {args.token}"
        raise AssertionError(message)

    def of_type(self, type_: str) -> list[Registered]:
        """All resources of one type, in the order of registration."""
        return [resource for resource in self.resources if resource.type == type_]


_FIXED: dict[str, dict[str, Any]] = {
    "VolumeFiles": {"digest": "0123456789abcdef"},
    "WorkspaceIdentity": {
        "workspace_id": "00000000-1111-2222-3333-444444444444",
        "creation_time": "2026-01-01T00:00:00.000Z",
    },
    "StackIdentity": {"stack_id": "1a" * 16, "made_by": "ada@host"},
    "CertificateAuthority": {"certificate": "the-authority", "private_key": "generated-authority-key"},
}


def _outputs(type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    match type_.rpartition(":")[2]:
        case "EngineReservation":
            ports = {use: 20000 + number for number, use in enumerate(inputs["holders"])}
            return {
                "ports": ports,
                "subnet": "10.213.0.0/27",
                "image_ids": {service: f"sha256:{service}" for service in inputs["images"]},
                "memory_mib": 16 * 1024,
            }
        case "GeneratedSecrets":
            names = [*inputs["lengths"], *(f"{name}Bcrypt" for name in inputs["hashed"])]
            return {"values": {name: f"generated-{name}" for name in names}}
        case "VaultInitialization" | "VaultConfiguration":
            return {"unseal_key": "generated-unseal-key", "token": "generated-vault-token"}
        case "DatastoreCredentials":
            return {"paths": {store["name"]: f"datastores/{store['name']}" for store in inputs["datastores"]}}
        case "ServerCertificates":
            return {
                "issued": {s: {"certificate": f"of-{s}", "private_key": "generated-key"} for s in inputs["servers"]}
            }
        case kind:
            return dict(_FIXED.get(kind, {}))
