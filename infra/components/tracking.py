"""Tracking server: experiments, runs and the model registry of a workspace, served by MLflow.

Its database is a file on its own volume. The artifacts of runs are in the artifact store; clients send and get them
through the server, so that one address works on the host and in the stack's network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from infra import service_images
from infra.components.principal import TRACKING_PASSWORD_LENGTH
from infra.components.provisioning_context import InternalAddress, ProvisioningContext
from infra.components.service_container import ServiceContainer, certificate_paths, run
from infra.components.tracking_users import ADMIN, USERS, users_file
from infra.components.workspace_server import TELEMETRY_TOKEN, WorkspaceServer, collector
from infra.resources import rotation
from infra.resources.artifact_access import ArtifactAccess
from infra.resources.connection_args import ServiceConnectionArgs
from infra.resources.generated_secrets import GeneratedSecrets
from infra.rules.datastores.tracking_artifacts import PREFIX, access_key
from infra.rules.resources.component_types import TRACKING_SERVER
from infra.rules.resources.tracking import server_name
from infra.services import TRACKING
from infra.settings import TrackingSettings, WorkspaceSettings

HOST = TRACKING.name
"""Its name in the stack's network: names of containers can be too long for host names."""

ARTIFACT_KEYS, ARTIFACTS_CA = "artifact-credentials", "artifacts-ca.crt"
"""Files on the volume `config`."""

_DATA, _FOLDER = TRACKING.volumes["data"], TRACKING.volumes["config"]
_ENDPOINT = TRACKING.endpoints[0]
_SECRET_KEY_LENGTH = 40


class Tracking(WorkspaceServer):
    """The tracking server of a workspace.

    Owns: volumes (database, configuration), one container, the passwords of its users, a service account for one
    prefix of the artifact store. Does not own the artifacts.
    Guarantees: every request needs a login, and an operation that the user's roles include; who is removed is refused
    within a second, without a restart.

    Pulumi type: ``ml-workspace:machinelearningservices:Tracking``
    Ready when:  ``GET /health`` returns 200.
    """

    type_token = TRACKING_SERVER
    services = (TRACKING,)

    def __init__(self, settings: TrackingSettings, workspace: WorkspaceSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(server_name(workspace.name), settings, workspace, parent=parent)
        self._settings = settings

    def keep_artifacts_in(self, container: pulumi.Output[str], account: InternalAddress) -> None:
        """Say where the artifacts are, before :meth:`provision`.

        Args:
            container: Container of the artifact store.
            account: Address of the storage account.
        """
        self._artifacts, self._account = container, account

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create the container and wait until it is ready; it starts without the storage account."""
        self._secrets = GeneratedSecrets(
            f"{self.resource_name}-secrets",
            lengths={"password": TRACKING_PASSWORD_LENGTH, "secretKey": _SECRET_KEY_LENGTH},
            rotating=["password"],  # users are reloaded; the other one is internal, and would need a restart
            rotates=rotation.service(TRACKING.credentials_key),
            opts=self.child_options(after=context.reservation),
        )
        container = run(self, self._container(context), context)
        return self.connected(
            ServiceConnectionArgs(
                endpoints=self.ready(TRACKING, container, context),
                credentials=self._secrets.value("password").apply(lambda made: {"username": ADMIN, "password": made}),
                ca_certificate=context.ca_certificate,
            )
        )

    def open_artifacts(
        self, account: ServiceConnectionArgs, workspace_id: pulumi.Output[str], options: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Create its service account in the storage account.

        Args:
            account: The storage account.
            workspace_id: GUID of the workspace.
            options: What the service account depends on.

        Returns:
            The container of the artifacts, known when it can be used.
        """
        return ArtifactAccess(
            f"{self.resource_name}-artifacts",
            storage_account=account,
            workspace_id=workspace_id,
            container=self._artifacts,
            secret_key=self._secrets.value("secretKey"),
            opts=pulumi.ResourceOptions.merge(self.child_options(), options),
        ).container

    def _container(self, context: ProvisioningContext) -> ServiceContainer:
        image, telemetry, place = service_images.table()[TRACKING.image], context.telemetry, self._account
        known = pulumi.Output.all(context.network, place.url, self._artifacts)
        authority: dict[str, pulumi.Input[str]] = {ARTIFACTS_CA: place.ca_certificate} if place.has_tls else {}
        return ServiceContainer(
            service=TRACKING,
            command=[image.binary, f"--config={_FOLDER}/config.json"],
            files={
                "config.json": known.apply(
                    lambda found: config(
                        self._settings,
                        container=self.container_name(TRACKING),
                        network=found[0],
                        artifacts=_artifacts(*found[1:], has_tls=place.has_tls),
                        telemetry=telemetry.otlp_http if telemetry else "",
                        tls=context.certificates is not None,
                    )
                ),
                ARTIFACT_KEYS: pulumi.Output.all(context.workspace_id, self._secrets.value("secretKey")).apply(
                    lambda keys: _credentials_file(*keys)
                ),
                **authority,
                **({TELEMETRY_TOKEN: telemetry.tracking_token} if telemetry and telemetry.tracking_token else {}),
            },
            live_files={USERS: users_file(self._secrets.value("password"), context.principals)},
            memory_mib=512,
            aliases=[HOST],
            networks=[place.network] if place.network else [],
        )


def config(
    settings: TrackingSettings,
    *,
    container: str,
    network: str,
    artifacts: Mapping[str, Any],
    telemetry: str = "",
    tls: bool = False,
) -> str:
    """The server's configuration.

    Args:
        settings: Its settings.
        container: Name of its container.
        network: Name of the stack's network.
        artifacts: Where the artifacts are.
        telemetry: Host and port of OTLP over HTTP; empty for no telemetry.
        tls: Whether the stack's services have certificates.
    """
    sending = {**collector(telemetry, _FOLDER, tls=tls), "attributes": {"service.name": container}}
    document: dict[str, Any] = {
        "listen": f"0.0.0.0:{_ENDPOINT.port}",
        "database": f"{_DATA}/mlflow.db",
        "users": f"{_FOLDER}/live/{USERS}",
        "artifacts": artifacts,
        **({"tls": certificate_paths(_FOLDER)} if tls else {}),
        **({"telemetry": sending} if telemetry else {}),
        "allowedHosts": ["127.0.0.1", "localhost", HOST, container, f"{container}.{network}".lower()],
        "trashRetentionInDays": settings.soft_delete_retention_in_days,
    }
    return json.dumps(document, indent=2)


def _artifacts(url: str, container: str, *, has_tls: bool) -> dict[str, Any]:
    return {
        "uri": f"s3://{container}/{PREFIX}",
        "endpoint": url,
        "credentials": f"{_FOLDER}/{ARTIFACT_KEYS}",
        **({"certificateAuthority": f"{_FOLDER}/{ARTIFACTS_CA}"} if has_tls else {}),
    }


def _credentials_file(workspace_id: str, secret_key: str) -> str:
    """A shared credentials file, as the AWS SDKs read it."""
    keys = {"aws_access_key_id": access_key(workspace_id), "aws_secret_access_key": secret_key}
    return "".join(["[default]\n", *(f"{name} = {value}\n" for name, value in keys.items())])
