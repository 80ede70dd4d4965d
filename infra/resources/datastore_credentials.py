"""Credentials of a workspace's datastores, created when account and vault are ready, and stored only in the key vault.

The state stores only names, so the credentials can be rotated (`mlw keys rotate`) without updating the stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pulumi
from typing_extensions import override

from infra.clients.datastores.datastore_accounts import Datastore, DatastoreAccounts
from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_key_vault, at_storage_account
from infra.resources.resource import CreateResult, Props, Provider, ReadResult, Resource, UpdateResult
from infra.rules.datastores.datastore_policy import POLICY_VERSION
from infra.rules.datastores.registered_datastores import DatastoreType


class DatastoreCredentialsProvider(Provider):
    """Verbs of :class:`DatastoreCredentials`."""

    inputs = ("storage_account", "key_vault", "workspace_id", "folder", "datastores", "given", "policy_version")

    @override
    def create(self, props: Props) -> CreateResult:
        accounts, datastores = accounts_of(props), datastores_of(props)
        with _at_both(props, "creating the credentials of the datastores"):
            accounts.ensure(datastores)
        return CreateResult(props["workspace_id"], {**props, "paths": _paths(accounts, datastores)})

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        with _at_both(props, "checking the credentials of the datastores"):
            broken = set(accounts_of(props).broken(datastores_of(props)))
        whole = [store for store in props["datastores"] if store["name"] not in broken]
        return ReadResult(id_, {**props, "datastores": whole})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        accounts, datastores = accounts_of(_news), datastores_of(_news)
        known = {*_olds["paths"], *(store["name"] for store in _olds["datastores"])}
        gone, elsewhere = known - {store.name for store in datastores}, {s.name for s in datastores if s.given}
        with _at_both(_news, "changing the credentials of the datastores"):
            accounts.ensure(datastores, rewrite=int(_olds["policy_version"]) != POLICY_VERSION)
            accounts.remove_accounts(sorted(gone | (known & elsewhere)))
            accounts.remove_secrets(sorted(gone))
        return UpdateResult({**_news, "paths": _paths(accounts, datastores)})

    @override
    def delete(self, _id: str, _props: Props) -> None:
        # The stack's own account and vault are deleted as a whole.
        accounts, names = accounts_of(_props), list(_props["paths"])
        with _at_both(_props, "removing the credentials of the datastores"):
            if _props["existing_storage_account"]:
                accounts.remove_accounts(names)
            if _props["existing_key_vault"]:
                accounts.remove_secrets(names)


@contextmanager
def _at_both(props: Props, doing: str) -> Iterator[None]:
    storage_account, key_vault = props["storage_account"]["endpoint"], props["key_vault"]["endpoint"]
    with at_key_vault(key_vault, doing), at_storage_account(storage_account, doing):
        yield


def accounts_of(props: Props) -> DatastoreAccounts:
    """The datastore accounts described by a state."""
    return DatastoreAccounts(
        storage_account=ServiceConnection.of(props["storage_account"]),
        key_vault=ServiceConnection.of(props["key_vault"]),
        workspace_id=props["workspace_id"],
        folder=props["folder"],
    )


def datastores_of(props: Props) -> list[Datastore]:
    """The datastores listed in a state."""
    return [
        Datastore(
            name=store["name"],
            type=store["type"],
            container=store["container"],
            has_record=store["container"] == props["record_container"],
            given=props["given"].get(store["name"]) if store["type"] == DatastoreType.S3 else None,
        )
        for store in props["datastores"]
    ]


def _paths(accounts: DatastoreAccounts, datastores: Sequence[Datastore]) -> dict[str, str]:
    return {store.name: accounts.path(store.name) for store in datastores}


class DatastoreCredentials(Resource, module="machinelearningservices", provider=DatastoreCredentialsProvider):
    """A least-privilege service account for each datastore in the workspace's account, and a secret for each datastore.

    Args:
        name: Logical name.
        storage_account: Connection to the storage account, with the root keys.
        key_vault: Connection to the key vault, with the stack's own token.
        workspace_id: GUID of the workspace.
        record_container: Container of the workspace record, which no datastore's account may overwrite.
        datastores: ``name``, ``type`` and ``container`` of each datastore; containers are known when they exist.
        given: ``endpoint``, ``region``, ``accessKey`` and ``secretKey`` of each external datastore.
        existing_storage_account: Whether another stack owns the account, so that service accounts must be removed.
        existing_key_vault: Whether another stack owns the key vault, so that secrets must be removed.
        opts: Resource options.
    """

    paths: pulumi.Output[dict[str, str]]
    """Name of each datastore to the path of its secret in the key vault; known when the secrets exist."""

    def __init__(
        self,
        name: str,
        *,
        storage_account: pulumi.Input[Mapping[str, Any]],
        key_vault: pulumi.Input[Mapping[str, Any]],
        workspace_id: pulumi.Output[str],
        record_container: pulumi.Input[str],
        datastores: Sequence[Mapping[str, pulumi.Input[str]]],
        given: Mapping[str, Mapping[str, str]],
        existing_storage_account: bool,
        existing_key_vault: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "storage_account": storage_account,
            "key_vault": key_vault,
            "workspace_id": workspace_id,
            "folder": workspace_id if existing_key_vault else "",
            "record_container": record_container,
            "datastores": list(datastores),
            "given": pulumi.Output.secret({store: dict(keys) for store, keys in given.items()}),
            "existing_storage_account": existing_storage_account,
            "existing_key_vault": existing_key_vault,
            "policy_version": POLICY_VERSION,
        }
        super().__init__(name, inputs, opts)
