"""Credentials of a workspace's datastores, in the key vault and nowhere else: made when account and vault are ready.

The state holds names only; what the vault holds may be rotated (`mlw keys rotate`) without an update of the stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.clients.datastores.datastore_accounts import (
    ELSEWHERE,
    POLICY_VERSION,
    Datastore,
    DatastoreAccounts,
    Service,
)
from infra.resources.provider import Props, Provider
from infra.resources.service_errors import at_key_vault, at_storage_account


class _DatastoreCredentialsProvider(Provider):
    inputs = ("storage", "vault", "workspace_id", "folder", "datastores", "given", "policy_version")

    def create(self, props: Props) -> CreateResult:
        accounts, datastores = accounts_of(props), datastores_of(props)
        with _at_both(props, "making the credentials of the datastores"):
            accounts.ensure(datastores)
        return CreateResult(props["workspace_id"], {**props, "paths": _paths(accounts, datastores)})

    def observe(self, id_: str, props: Props) -> ReadResult:
        with _at_both(props, "looking at the credentials of the datastores"):
            broken = set(accounts_of(props).broken(datastores_of(props)))
        whole = [store for store in props["datastores"] if store["name"] not in broken]
        return ReadResult(id_, {**props, "datastores": whole})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        accounts, datastores = accounts_of(_news), datastores_of(_news)
        known = {*_olds["paths"], *(store["name"] for store in _olds["datastores"])}
        gone, elsewhere = known - {store.name for store in datastores}, {s.name for s in datastores if s.given}
        with _at_both(_news, "changing the credentials of the datastores"):
            accounts.ensure(datastores, anew=int(_olds["policy_version"]) != POLICY_VERSION)
            accounts.remove_accounts(sorted(gone | (known & elsewhere)))
            accounts.remove_secrets(sorted(gone))
        return UpdateResult({**_news, "paths": _paths(accounts, datastores)})

    def delete(self, _id: str, _props: Props) -> None:
        # What is this stack's own goes as a whole.
        accounts, names = accounts_of(_props), list(_props["paths"])
        with _at_both(_props, "removing the credentials of the datastores"):
            if _props["shares_storage"]:
                accounts.remove_accounts(names)
            if _props["shares_vault"]:
                accounts.remove_secrets(names)


@contextmanager
def _at_both(props: Props, doing: str) -> Iterator[None]:
    with at_key_vault(props["vault"]["endpoint"], doing), at_storage_account(props["storage"]["endpoint"], doing):
        yield


def accounts_of(props: Props) -> DatastoreAccounts:
    """The accounts that a state describes."""
    storage, vault = props["storage"], props["vault"]
    return DatastoreAccounts(
        storage=Service(
            endpoint=storage["endpoint"],
            access_key=storage["accessKey"],
            secret=storage["secretKey"],
            authority=storage["authority"],
        ),
        vault=Service(endpoint=vault["endpoint"], secret=vault["token"], authority=vault["authority"]),
        workspace_id=props["workspace_id"],
        folder=props["folder"],
    )


def datastores_of(props: Props) -> list[Datastore]:
    """The datastores that a state names."""
    return [
        Datastore(
            name=store["name"],
            type=store["type"],
            container=store["container"],
            has_record=store["container"] == props["record_container"],
            given=props["given"].get(store["name"]) if store["type"] == ELSEWHERE else None,
        )
        for store in props["datastores"]
    ]


def _paths(accounts: DatastoreAccounts, datastores: Sequence[Datastore]) -> dict[str, str]:
    return {store.name: accounts.path(store.name) for store in datastores}


class DatastoreCredentials(Resource, module="ml-workspace", name="DatastoreCredentials"):
    """A service account with least rights for each datastore of the workspace's account, and a secret for every one.

    Args:
        name: Logical name.
        storage: ``endpoint``, ``accessKey``, ``secretKey`` and ``authority`` of the storage account.
        vault: ``endpoint``, ``token`` and ``authority`` of the key vault.
        workspace_id: GUID of the workspace.
        record_container: Container of the workspace record, which no datastore's account may write.
        datastores: ``name``, ``type`` and ``container`` of each, the containers known when they exist.
        given: For each datastore elsewhere ``endpoint``, ``region``, ``accessKey`` and ``secretKey``.
        shares_storage: Whether the storage account is another stack's, so that accounts have to be taken out of it.
        shares_vault: The same of the key vault and its secrets.
        opts: Resource options.
    """

    paths: pulumi.Output[dict[str, str]]
    """Name of each datastore to the path of its secret in the key vault, known only when it is there."""

    def __init__(
        self,
        name: str,
        *,
        storage: Mapping[str, pulumi.Input[str]],
        vault: Mapping[str, pulumi.Input[str]],
        workspace_id: pulumi.Output[str],
        record_container: pulumi.Input[str],
        datastores: Sequence[Mapping[str, pulumi.Input[str]]],
        given: Mapping[str, Mapping[str, str]],
        shares_storage: bool,
        shares_vault: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "storage": pulumi.Output.secret(dict(storage)),
            "vault": pulumi.Output.secret(dict(vault)),
            "workspace_id": workspace_id,
            "folder": workspace_id if shares_vault else "",
            "record_container": record_container,
            "datastores": list(datastores),
            "given": pulumi.Output.secret({store: dict(keys) for store, keys in given.items()}),
            "shares_storage": shares_storage,
            "shares_vault": shares_vault,
            "policy_version": POLICY_VERSION,
            "paths": None,
        }
        super().__init__(_DatastoreCredentialsProvider(), name, props, opts)
