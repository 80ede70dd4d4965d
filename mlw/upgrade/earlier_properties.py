"""Converts properties of the project's own resources from the format before the provider plugin.

One entry for each type of resource: how its inputs and outputs were called, and which of them the provider reads from a
state. A state that lacks one of these is older than the last version before the plugin, and is rejected. Secrets are in
Pulumi's export form: marked, their JSON as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients.state.state_secrets import decrypted
from infra.errors import EarlierVersionError
from mlw.lifecycle.checkpoints import as_secret

Props = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Belonging:
    """Ownership of a resource: inputs that it did not have before stacks had an identity."""

    stack_id: str
    resource_name: str


def _rename(bag: Props, **names: str) -> None:
    for before, today in names.items():
        if before in bag:
            bag[today] = bag.pop(before)


def _connection(bag: Props, credentials: Mapping[str, str]) -> Props:
    """A connection to a service from single properties; credentials under their current name."""
    return as_secret(
        {
            "endpoint": decrypted(bag.pop("endpoint")),
            "credentials": {today: decrypted(bag.pop(before)) for today, before in credentials.items()},
            "ca_certificate": decrypted(bag.pop("authority", "")),
        }
    )


def _with_account(bag: Props, _whose: Belonging) -> None:
    if "storage_account" not in bag:
        bag["storage_account"] = _connection(bag, {"accessKey": "access_key", "secretKey": "secret_key"})


def _datastore_credentials(bag: Props, _whose: Belonging) -> None:
    _rename(bag, shares_storage="existing_storage_account", shares_vault="existing_key_vault")
    for before, today, names in (
        ("storage", "storage_account", ("accessKey", "secretKey")),
        ("vault", "key_vault", ("token",)),
    ):
        if before in bag:
            bag[today] = _connection(dict(decrypted(bag.pop(before))), {name: name for name in names})


def _generated_secrets(bag: Props, whose: Belonging) -> None:
    _rename(bag, kinds="encodings")
    holds_data = "encryptionKey" in bag["lengths"]
    bag.setdefault("encodings", {})
    bag["data_of"] = {"stack_id": whose.stack_id, "resource_name": whose.resource_name} if holds_data else {}


def _vault_initialization(bag: Props, whose: Belonging) -> None:
    _rename(bag, name="resource_name", authority="ca_certificate")
    bag["stack_id"] = whose.stack_id


def _vault_configuration(bag: Props, _whose: Belonging) -> None:
    _rename(bag, authority="ca_certificate", authority_bundle="ca_bundle")


def _server_certificates(bag: Props, _whose: Belonging) -> None:
    _rename(bag, authority="ca_certificate", authority_key="ca_private_key")


def _ready_gate(bag: Props, _whose: Belonging) -> None:
    _rename(bag, authority="ca_certificate")
    if "endpoint" not in bag:
        return
    expected, others = bag.pop("expected"), {f"other {n}": url for n, url in enumerate(bag.pop("others"))}
    path, others_path = bag.pop("path"), bag.pop("others_path", "")
    bag["urls"] = {"endpoint": bag.pop("endpoint"), **others}
    # An endpoint without a path is ready when it accepts connections.
    paths = {"endpoint": path, **dict.fromkeys(others, others_path)}
    bag["probes"] = {use: {"path": path, "expected": expected} for use, path in paths.items() if path}


def _reservation(bag: Props, whose: Belonging) -> None:
    bag.pop("backend", None)
    bag["stack_id"] = whose.stack_id


def _usage_guard(bag: Props, whose: Belonging) -> None:
    bag.pop("project", None)
    bag["stack_id"] = whose.stack_id


def _workspace_identity(bag: Props, whose: Belonging) -> None:
    bag |= {"stack_id": whose.stack_id, "resource_name": whose.resource_name}


def _as_it_was(_bag: Props, _whose: Belonging) -> None:
    """Nothing has changed."""


_Convert = Callable[[Props, Belonging], None]

CONVERSIONS: Mapping[str, tuple[_Convert, frozenset[str]]] = {
    "CertificateAuthority": (_as_it_was, frozenset({"owner", "domain", "certificate", "private_key"})),
    "ChangeGuard": (_as_it_was, frozenset({"resources"})),
    "DatastoreContainers": (_with_account, frozenset({"storage_account", "containers", "made", "named_after"})),
    "DatastoreCredentials": (
        _datastore_credentials,
        frozenset({"storage_account", "key_vault", "datastores", "given", "folder", "paths", "policy_version"}),
    ),
    "EngineReservation": (_reservation, frozenset({"names", "holders", "ports", "subnet", "image_ids"})),
    "GeneratedSecrets": (_generated_secrets, frozenset({"lengths", "hashed", "rotating", "values"})),
    "ReadyGate": (_ready_gate, frozenset({"container", "container_id", "urls", "probes", "ca_certificate"})),
    "ServerCertificates": (_server_certificates, frozenset({"servers", "domain", "ca_certificate", "issued"})),
    "StoragePrincipals": (_with_account, frozenset({"account", "storage_account", "policies", "secrets"})),
    "UsageGuard": (_usage_guard, frozenset({"stack", "resource_ids"})),
    "VaultConfiguration": (_vault_configuration, frozenset({"address", "ca_certificate", "unseal_key", "token"})),
    "VaultInitialization": (_vault_initialization, frozenset({"resource_name", "address", "container", "unseal_key"})),
    "VolumeFiles": (_as_it_was, frozenset({"volume", "files", "live_files", "user", "image_id", "digest"})),
    "WorkspaceIdentity": (_workspace_identity, frozenset({"workspace_id", "creation_time"})),
    "WorkspaceRecord": (_with_account, frozenset({"storage_account", "bucket", "record"})),
}
"""Maps the last part of the type to the conversion of its properties, and the required outputs.
"""


def convert(kind: str, resource: Mapping[str, Any], whose: Belonging) -> tuple[Props, Props]:
    """Convert the properties of one resource to the current format.

    Args:
        kind: Last part of its type.
        resource: As the deployment has it.
        whose: Whose it is.

    Returns:
        Inputs and outputs.

    Raises:
        EarlierVersionError: Its format is not that of the last version before the provider plugin.
    """
    found = [{k: v for k, v in (resource.get(bag) or {}).items() if k != "__provider"} for bag in ("inputs", "outputs")]
    if kind not in CONVERSIONS:
        raise EarlierVersionError(_unknown(kind, "this version has no such kind of resource"))
    put_right, needed = CONVERSIONS[kind]
    try:
        for bag in found:
            put_right(bag, whose)
    except (KeyError, TypeError, ValueError) as exc:
        raise EarlierVersionError(_unknown(kind, f"{type(exc).__name__} {exc}")) from exc
    inputs, outputs = found
    if missing := sorted(needed - set(outputs)):
        raise EarlierVersionError(_unknown(kind, f"it has no {', '.join(map(repr, missing))}"))
    return inputs, outputs


def _unknown(kind: str, found: str) -> str:
    return (
        f"upgrading the state of an earlier version: its resource '{kind}' has a form that this version does not "
        f"support ({found}). Nothing was changed. Run `make up` with the last version before the provider plugin "
        "first (CHANGELOG.md), then with this one; or take the stack down with the version that made it."
    )
