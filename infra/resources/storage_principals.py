"""Principals of a workspace at its storage account: a user with a policy for everybody whose role reaches so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.clients.storage.storage_admin import StorageAdmin, User
from infra.resources.provider import Props, Provider
from infra.resources.service_errors import at_storage_account


class _StoragePrincipalsProvider(Provider):
    inputs = ("endpoint", "access_key", "secret_key", "authority", "policies", "secrets")

    def create(self, props: Props) -> CreateResult:
        _replace(props, gone=())
        return CreateResult(f"{props['account']}-principals", props)

    def observe(self, id_: str, props: Props) -> ReadResult:
        with at_storage_account(props["endpoint"], "looking at users"):
            wrong = _admin(props).differing(_users(props))
        as_wanted = {name: policy for name, policy in props["policies"].items() if name not in wrong}
        return ReadResult(id_, {**props, "policies": as_wanted})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _replace(_news, gone={*_olds["policies"], *_olds["secrets"]} - set(_news["policies"]))
        return UpdateResult(_news)

    def delete(self, _id: str, _props: Props) -> None:
        _replace({**_props, "policies": {}}, gone={*_props["policies"], *_props["secrets"]})


def _replace(props: Props, *, gone: Iterable[str]) -> None:
    """Let the users in, and those who are gone no more."""
    users, leaving = _users(props), sorted(gone)
    if not users and not leaving:
        return
    with at_storage_account(props["endpoint"], "changing users"):
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
    return StorageAdmin(props["endpoint"], props["access_key"], props["secret_key"], props["authority"])


class StoragePrincipals(Resource, module="ml-workspace", name="StoragePrincipals"):
    """Users of a storage account, each with a policy of its own.

    A user that is taken away is refused at once, and with it what it had made of its keys; a policy that changes holds
    for the next request. It is there without a single user too: an update removes the last one with the keys of today,
    where a deletion would only have those of the state, which may be rotated in the same run.

    Args:
        name: Logical name.
        account: Name of the account.
        endpoint: The account's base URL.
        keys: The account's ``accessKey`` and ``secretKey``.
        authority: Authority (PEM) of the account's certificate; empty for plain HTTP.
        policies: Access key of each user to its policy document.
        secrets: Access key of each user to its secret.
        opts: Resource options.
    """

    def __init__(
        self,
        name: str,
        *,
        account: str,
        endpoint: pulumi.Input[str],
        keys: pulumi.Output[dict[str, str]],
        authority: pulumi.Input[str],
        policies: Mapping[str, pulumi.Input[Mapping[str, Any]]],
        secrets: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "account": account,
            "endpoint": endpoint,
            "access_key": keys.apply(lambda values: values["accessKey"]),
            "secret_key": keys.apply(lambda values: values["secretKey"]),
            "authority": authority,
            "policies": dict(policies),
            "secrets": pulumi.Output.secret(dict(secrets)),
        }
        super().__init__(_StoragePrincipalsProvider(), name, props, opts)
