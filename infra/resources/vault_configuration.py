"""The configuration of an unsealed key vault, applied with a short-lived root token.

The token is generated from the unseal key, so that no stored credential may change the vault's configuration. Only
differences are written: this repairs what a refresh found missing, and completes the work of a killed run, whose root
token is revoked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from typing_extensions import override

from infra.clients.key_vault import vault_setup
from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_engines import TAGS_PATH, read_tags, revoke_other_administrators
from infra.clients.key_vault.vault_setup import Setup
from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_key_vault
from infra.resources import rotation
from infra.resources.resource import CreateResult, Props, ReadResult, Resource, UpdateResult
from infra.resources.rotation import RotatingProvider
from infra.rules.roles import vault_policies as policies


class VaultConfigurationProvider(RotatingProvider):
    """Verbs of :class:`VaultConfiguration`."""

    inputs = (
        "vault_name",
        "address",
        "ca_certificate",
        "unseal_key",
        "tags",
        "purge_protection",
        "principals",
        "ca_bundle",
        "host_names",
        "layout",
    )

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(TAGS_PATH, _apply(props, {}))

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        with at_key_vault(props["address"], "reading the configuration"):
            found = {**props, **_found(props)}
        return ReadResult(id_, found)

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(_apply(_news, _olds))


def _apply(props: Props, olds: Props) -> Props:
    vault, renewing = _vault(props), RotatingProvider.rotates(olds, props)
    with at_key_vault(props["address"], "applying the configuration"), vault.as_root(props["unseal_key"]):
        token = vault_setup.apply(
            vault,
            Setup.of(props),
            token="" if renewing else olds.get("token") or "",
            known=olds.get("principals") or {},
        )
        if renewing:
            revoke_other_administrators(vault, token)
    return {**props, "token": token}


def _found(props: Props) -> Props:
    """Properties that differ from the inputs; anything missing changes the layout, so the next update repairs it."""
    vault = _vault(props)
    if not vault.is_initialised() or vault.is_sealed():
        return {}
    with vault.as_root(props["unseal_key"]):
        missing = vault_setup.missing(vault, Setup.of(props), token=props["token"])
        tags = read_tags(vault) or {}
    return {"tags": tags, **({"layout": f"missing: {', '.join(missing)}"} if missing else {})}


def _vault(props: Props) -> Vault:
    return Vault(ServiceConnection(endpoint=props["address"], ca_certificate=props["ca_certificate"]))


def _layout() -> str:
    """A digest of what this release configures, so that its first update brings an older stack's vault up to date."""
    text = json.dumps([policies.administrator(purge_protection=flag) for flag in (True, False)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class VaultConfiguration(
    Resource,
    module="keyvault",
    provider=VaultConfigurationProvider,
    secrets=(
        "token",
        "unseal_key",
        "principals",
        "ca_bundle",
    ),
):
    """Audit devices, secrets engines, policies, principals and tags of a key vault, and the stack's own token.

    Args:
        name: Logical name.
        vault_name: Name of the key vault.
        address: Base URL of the unsealed vault.
        unseal_key: The key that generates a root token.
        tags: Tags, encoded for the services' metadata.
        purge_protection: Whether purging is forbidden.
        principals: By name: `policy` (HCL), `password`, and `secret`, their credentials in the services.
        host_names: Domains that certificates may be issued for, including subdomains, besides `localhost` and IP
            addresses.
        ca_certificate: CA certificate (PEM) of the vault; empty for plain HTTP.
        ca_bundle: CA certificate and key (PEM) that the vault issues certificates with; empty for its own CA.
        rotates: Subject of the token; see :mod:`infra.resources.rotation`.
        opts: Resource options.
    """

    address: pulumi.Output[str]
    """Base URL; known when the configuration has been applied."""

    token: pulumi.Output[str]
    """The stack's own token, with full access to data; secret."""

    def __init__(
        self,
        name: str,
        *,
        vault_name: str,
        address: pulumi.Input[str],
        unseal_key: pulumi.Input[str],
        tags: Mapping[str, str],
        purge_protection: bool,
        principals: pulumi.Input[Mapping[str, Any]],
        host_names: Sequence[pulumi.Input[str]],
        ca_certificate: pulumi.Input[str] = "",
        ca_bundle: pulumi.Input[str] = "",
        rotates: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "vault_name": vault_name,
            "address": address,
            "ca_certificate": ca_certificate,
            "unseal_key": unseal_key,
            "tags": dict(tags),
            "purge_protection": purge_protection,
            "principals": principals,
            "ca_bundle": ca_bundle,
            "host_names": list(host_names),
            "layout": _layout(),
            **rotation.inputs(rotates),
        }
        super().__init__(name, inputs, opts)
