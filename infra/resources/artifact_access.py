"""The service account with which the tracking server keeps the artifacts of runs in the artifact store."""

from __future__ import annotations

from dataclasses import replace

import pulumi
from typing_extensions import override

from infra.clients.service_connection import ServiceConnection
from infra.clients.service_errors import at_storage_account
from infra.clients.storage.storage_admin import ServiceAccount, StorageAdmin, can_list
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.resource import CreateResult, Props, Provider, ReadResult, Resource, UpdateResult
from infra.rules.datastores.tracking_artifacts import POLICY_VERSION, PREFIX, access_key, artifacts_policy

_REFUSED = 0
"""Version of the policy of an account that does not work; no real one has it, so the next update repairs it."""


class ArtifactAccessProvider(Provider):
    """Verbs of :class:`ArtifactAccess`."""

    inputs = ("storage_account", "workspace_id", "container", "secret_key", "policy_version")

    @override
    def create(self, props: Props) -> CreateResult:
        _put(props)
        return CreateResult(f"{props['container']}/{PREFIX}", props)

    @override
    def observe(self, id_: str, props: Props) -> ReadResult:
        keys = {"accessKey": access_key(props["workspace_id"]), "secretKey": props["secret_key"]}
        with at_storage_account(props["storage_account"]["endpoint"], "checking access to the artifacts of runs"):
            connection = replace(ServiceConnection.of(props["storage_account"]), credentials=keys)
            works = can_list(connection, props["container"], f"{PREFIX}/")
        return ReadResult(id_, props if works else {**props, "policy_version": _REFUSED})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        _put(_news)
        return UpdateResult(_news)

    @override
    def delete(self, _id: str, _props: Props) -> None:
        with at_storage_account(_props["storage_account"]["endpoint"], "removing access to the artifacts of runs"):
            _admin(_props).remove_service_account(access_key(_props["workspace_id"]))


def _put(props: Props) -> None:
    account = ServiceAccount(
        access_key=access_key(props["workspace_id"]),
        secret_key=props["secret_key"],
        policy=artifacts_policy(props["container"]),
        name="tracking server",
    )
    with at_storage_account(props["storage_account"]["endpoint"], "giving access to the artifacts of runs"):
        _admin(props).put_service_accounts([account])


def _admin(props: Props) -> StorageAdmin:
    return StorageAdmin(ServiceConnection.of(props["storage_account"]))


class ArtifactAccess(Resource, module="machinelearningservices", provider=ArtifactAccessProvider):
    """A service account for one prefix of the artifact store.

    Args:
        name: Logical name.
        storage_account: Connection to the account, with the root keys.
        workspace_id: GUID of the workspace, from which the access key follows.
        container: Container of the artifact store.
        secret_key: The secret key.
        opts: Resource options.
    """

    container: pulumi.Output[str]
    """The container; known when the account works."""

    def __init__(
        self,
        name: str,
        *,
        storage_account: ServiceConnectionArgs,
        workspace_id: pulumi.Input[str],
        container: pulumi.Input[str],
        secret_key: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {
            "storage_account": storage_account.to_input(),
            "workspace_id": workspace_id,
            "container": container,
            "secret_key": pulumi.Output.secret(secret_key),
            "policy_version": POLICY_VERSION,
        }
        super().__init__(name, inputs, opts)
