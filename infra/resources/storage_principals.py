"""Principals of a workspace at its storage account: a user with a policy for everybody whose role reaches so far.

In an account of another stack the workspace is a user itself, and its containers are refused to the owner's principals
before they are made. A container that was there before is not its own alone: it stays open to those who had it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from typing_extensions import override

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.blob_containers import BlobContainers
from infra.clients.storage.storage_admin import StorageAdmin, User
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.resource import CreateResult, Props, Provider, ReadResult, Resource, UpdateResult
from infra.rules.roles.storage_scope import exclusion, own_containers, protecting_settings


class StoragePrincipalsProvider(Provider):
    """Verbs of :class:`StoragePrincipals`."""

    inputs = ("storage_account", "policies", "secrets", "sharer")

    @override
    def create(self, props: Props) -> CreateResult:
        outs = _exclude(props, {})
        _replace(outs, gone=())
        return CreateResult(f"{props['account']}-principals", outs)

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        with at_storage_account(props["storage_account"]["endpoint"], "looking at users"):
            wrong = set(props["policies"]) if _is_open(props) else _admin(props).differing(_users(props))
        as_wanted = {name: policy for name, policy in props["policies"].items() if name not in wrong}
        return ReadResult(id_, {**props, "policies": as_wanted})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        outs = _exclude(_news, _olds)
        _replace(outs, gone={*_olds["policies"], *_olds["secrets"]} - set(_news["policies"]))
        return UpdateResult(outs)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        _replace({**_props, "policies": {}}, gone={*_props["policies"], *_props["secrets"]})
        if sharer := _props.get("sharer"):
            with at_storage_account(_props["storage_account"]["endpoint"], "looking for containers that stay"):
                # What stays because it holds blobs was this workspace's alone, and does not become everybody's.
                if not _there(_props, _props["exclusive"]):
                    _admin(_props).end_exclusion(sharer["workspace_id"])


def _exclude(props: Props, olds: Props) -> Props:
    """Keep the account's owner out of a sharer's containers; the properties with whose those are."""
    sharer = props.get("sharer")
    if not sharer:
        return props
    known, common = olds.get("exclusive") or [], olds.get("common") or []
    with at_storage_account(props["storage_account"]["endpoint"], "keeping containers for the workspace"):
        fresh = [name for name in sharer["containers"] if name not in {*known, *common}]
        found = _there(props, fresh)
        exclusive = sorted({*own_containers(sharer["workspace_id"]), *known, *fresh} - found)
        _admin(props).exclude(sharer["workspace_id"], exclusion(exclusive, sharer["workspace_id"]))
    return {**props, "exclusive": exclusive, "common": sorted({*common, *found})}


def _is_open(props: Props) -> bool:
    """Whether somebody has taken away what keeps the account's owner out."""
    sharer = props.get("sharer")
    if not sharer:
        return False
    wanted = exclusion(props["exclusive"], sharer["workspace_id"])
    return not _admin(props).is_excluded(sharer["workspace_id"], wanted)


def _there(props: Props, containers: Iterable[str]) -> set[str]:
    found = BlobContainers(ServiceConnection.of(props["storage_account"])).present(list(containers))
    return set(found)


def _replace(props: Props, *, gone: Iterable[str]) -> None:
    """Let the users in, and those who are gone no more."""
    users, leaving = _users(props), sorted(gone)
    if not users and not leaving:
        return
    with at_storage_account(props["storage_account"]["endpoint"], "changing users"):
        admin = _admin(props)
        if users:
            admin.put_users(users)
        for name in leaving:
            admin.remove_user(name)


def _users(props: Props) -> list[User]:
    return [
        User(
            access_key=name,
            secret_key=props["secrets"][name],
            policy=protecting_settings(policy, props.get("common") or []),
            keeps_out=not props.get("sharer"),
        )
        for name, policy in props["policies"].items()
    ]


def _admin(props: Props) -> StorageAdmin:
    return StorageAdmin(ServiceConnection.of(props["storage_account"]))


class StoragePrincipals(Resource, module="storage", provider=StoragePrincipalsProvider):
    """Users of a storage account, each with a policy of its own.

    A user that is taken away is refused at once, and with it what it had made of its keys; a policy that changes holds
    for the next request. It is there without a single user too: an update removes the last one with the keys of today,
    where a deletion would only have those of the state, which may be rotated in the same run.

    Args:
        name: Logical name.
        account: Name of the account.
        storage_account: Connection to it, with the root keys.
        policies: Access key of each user to its policy document.
        secrets: Access key of each user to its secret.
        sharer: In an account of another stack: the workspace's ``workspace_id`` (GUID), and ``containers``, those of
            its registered datastores.
        opts: Resource options.
    """

    policies: pulumi.Output[dict[str, Any]]
    """The policies, known when the users are let in."""

    def __init__(
        self,
        name: str,
        *,
        account: str,
        storage_account: ServiceConnectionArgs,
        policies: pulumi.Input[Mapping[str, Any]],
        secrets: pulumi.Input[Mapping[str, str]],
        sharer: Mapping[str, Any] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "account": account,
            "storage_account": storage_account.to_input(),
            "policies": policies,
            "secrets": pulumi.Output.secret(secrets),
            **({"sharer": dict(sharer)} if sharer else {}),
        }
        super().__init__(name, inputs, opts)
