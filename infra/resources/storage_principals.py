"""Principals of a workspace at its storage account: a user with a policy for everybody whose role reaches so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from typing_extensions import override

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.storage_admin import StorageAdmin, User
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.resource import CreateResult, Props, Provider, ReadResult, Resource, UpdateResult


class StoragePrincipalsProvider(Provider):
    """Verbs of :class:`StoragePrincipals`."""

    inputs = ("storage_account", "policies", "secrets")

    @override
    def create(self, props: Props) -> CreateResult:
        _replace(props, gone=())
        return CreateResult(f"{props['account']}-principals", props)

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        with at_storage_account(props["storage_account"]["endpoint"], "looking at users"):
            wrong = _admin(props).differing(_users(props))
        as_wanted = {name: policy for name, policy in props["policies"].items() if name not in wrong}
        return ReadResult(id_, {**props, "policies": as_wanted})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _replace(_news, gone={*_olds["policies"], *_olds["secrets"]} - set(_news["policies"]))
        return UpdateResult(_news)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        _replace({**_props, "policies": {}}, gone={*_props["policies"], *_props["secrets"]})


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
        User(access_key=name, secret_key=props["secrets"][name], policy=policy)
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
        opts: Resource options.
    """

    def __init__(
        self,
        name: str,
        *,
        account: str,
        storage_account: ServiceConnectionArgs,
        policies: Mapping[str, pulumi.Input[Mapping[str, Any]]],
        secrets: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "account": account,
            "storage_account": storage_account.to_input(),
            "policies": dict(policies),
            "secrets": pulumi.Output.secret(dict(secrets)),
        }
        super().__init__(name, inputs, opts)
