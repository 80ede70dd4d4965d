"""Principals of a workspace in its storage account: a user with a policy for each principal whose role allows access.

In another stack's account the workspace itself is a user, and the owner's principals are denied its containers before
these are created. A container that already existed stays accessible to the principals that had access before.
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
        with at_storage_account(props["storage_account"]["endpoint"], "reading users"):
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
            with at_storage_account(_props["storage_account"]["endpoint"], "reading containers"):
                # Containers that are kept because they hold blobs stay private, so keep the exclusion.
                if not _there(_props, _props["exclusive"]):
                    _admin(_props).end_exclusion(sharer["workspace_id"])


def _exclude(props: Props, olds: Props) -> Props:
    """Deny the account's owner access to a sharer's containers; return the properties with these containers."""
    sharer = props.get("sharer")
    if not sharer:
        return props
    known, common = olds.get("exclusive") or [], olds.get("common") or []
    with at_storage_account(props["storage_account"]["endpoint"], "reserving containers for the workspace"):
        fresh = [name for name in sharer["containers"] if name not in {*known, *common}]
        found = _there(props, fresh)
        exclusive = sorted({*own_containers(sharer["workspace_id"]), *known, *fresh} - found)
        _admin(props).exclude(sharer["workspace_id"], exclusion(exclusive, sharer["workspace_id"]))
    return {**props, "exclusive": exclusive, "common": sorted({*common, *found})}


def _is_open(props: Props) -> bool:
    """Whether the exclusion of the account's owner has been removed."""
    sharer = props.get("sharer")
    if not sharer:
        return False
    wanted = exclusion(props["exclusive"], sharer["workspace_id"])
    return not _admin(props).is_excluded(sharer["workspace_id"], wanted)


def _there(props: Props, containers: Iterable[str]) -> set[str]:
    found = BlobContainers(ServiceConnection.of(props["storage_account"])).present(list(containers))
    return set(found)


def _replace(props: Props, *, gone: Iterable[str]) -> None:
    """Create or update the users, and remove those in ``gone``."""
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
    """Users of a storage account, each with its own policy.

    A removed user, and every credential derived from its keys, is denied immediately; a changed policy applies to the
    next request. The resource exists even without users: an update removes the last user with the current root keys,
    while a deletion only has those in the state, which the same run may rotate.

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
    """The policies; known when the users exist."""

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
