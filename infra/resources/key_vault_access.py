"""A workspace's token in another stack's key vault, without access to others' datastores and principals.

It is created like the owner's own: with a short-lived root token generated from the unseal key. The key is read from
the owner's state and not stored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
from typing_extensions import override

from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_engines import ensure_policy, ensure_token
from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_key_vault
from infra.clients.state import owner_credentials
from infra.resources import rotation
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.resource import CreateResult, Props, ReadResult, Resource, UpdateResult
from infra.resources.rotation import RotatingProvider
from infra.rules.roles import vault_policies


class KeyVaultAccessProvider(RotatingProvider):
    """Verbs of :class:`KeyVaultAccess`."""

    inputs = ("key_vault", "workspace_id", "purge_protection", "policy")

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(vault_policies.sharer_name(props["workspace_id"]), _apply(props, token=""))

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        connection = replace(_connection(props), credentials={"token": props["token"]})
        with at_key_vault(connection.endpoint, "checking the workspace's token"):
            accepted = Vault(connection).accepts_token()
        return ReadResult(id_, props if accepted else {**props, "policy": "missing: the workspace's token"})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        outs = _apply(_news, token="" if self.rotates(_olds, _news) else _olds["token"])
        if outs["token"] != _olds["token"]:
            _revoke(_olds)
        return UpdateResult(outs)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        _revoke(_props)
        vault = Vault(_connection(_props))
        with at_key_vault(_props["key_vault"]["endpoint"], "removing the workspace's policy"), _as_root(vault, _props):
            vault.delete(f"sys/policies/acl/{vault_policies.sharer_name(_props['workspace_id'])}")


def _apply(props: Props, *, token: str) -> Props:
    vault, name = Vault(_connection(props)), vault_policies.sharer_name(props["workspace_id"])
    with at_key_vault(props["key_vault"]["endpoint"], "granting access to the workspace"), _as_root(vault, props):
        ensure_policy(vault, name, props["policy"])
        return {**props, "token": ensure_token(vault, token, policy=name)}


def _revoke(props: Props) -> None:
    connection = replace(_connection(props), credentials={"token": props["token"]})
    with at_key_vault(connection.endpoint, "revoking the workspace's old token"):
        Vault(connection).revoke_own_token()


def _as_root(vault: Vault, props: Props) -> Any:  # noqa: ANN401 - a context manager that yields nothing
    return vault.as_root(owner_credentials.unseal_key_of(props["key_vault"]["owner"]["stack"]))


def _connection(props: Props) -> ServiceConnection:
    given = props["key_vault"]
    return ServiceConnection(endpoint=given["endpoint"], ca_certificate=given["ca_certificate"])


class KeyVaultAccess(Resource, module="keyvault", provider=KeyVaultAccessProvider, secrets=("token",)):
    """The token and the policy of a workspace in another stack's key vault.

    Args:
        name: Logical name.
        key_vault: Connection to it, which names the owner.
        workspace_id: GUID of the workspace.
        purge_protection: Whether purging is forbidden.
        rotates: Subject of the token; see :mod:`infra.resources.rotation`.
        opts: Resource options.
    """

    token: pulumi.Output[str]
    """The workspace's token; secret."""

    def __init__(
        self,
        name: str,
        *,
        key_vault: ServiceConnectionArgs,
        workspace_id: pulumi.Output[str],
        purge_protection: bool,
        rotates: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "key_vault": key_vault.to_input(),
            "workspace_id": workspace_id,
            "policy": workspace_id.apply(lambda guid: vault_policies.sharer(guid, purge_protection=purge_protection)),
            "purge_protection": purge_protection,
            **rotation.inputs(rotates),
        }
        super().__init__(name, inputs, opts)
