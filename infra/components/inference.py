"""The front of the online endpoints of a workspace: keys, traffic, telemetry of every request.

Which endpoints there are is not in the stack: `mlw` publishes them (`mlw/inference`), without a restart. They are kept
on the volume `data`, so that the front serves them again after a restart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from infra import service_images
from infra.components.provisioning_context import ProvisioningContext
from infra.components.service_container import ServiceContainer, certificate_paths, run
from infra.components.workspace_server import TELEMETRY_TOKEN, WorkspaceServer, collector
from infra.resources.connection_args import ServiceConnectionArgs
from infra.rules.resources.component_types import INFERENCE_FRONT
from infra.rules.resources.inference import front_name
from infra.services import INFERENCE
from infra.settings import InferenceSettings, WorkspaceSettings

_DATA, _FOLDER = INFERENCE.volumes["data"], INFERENCE.volumes["config"]
_MEMORY_MIB = 96
_GO = {
    "GOMEMLIMIT": "64MiB",
    # Less memory for a little more processor time: together 3 MiB less under load.
    "GOGC": "50",
    "GODEBUG": "memprofilerate=0",
}


class Inference(WorkspaceServer):
    """The front of the online endpoints.

    Owns: volumes (published endpoints, configuration) and one container. Does not own endpoints, deployments and keys.
    Guarantees: a request reaches a deployment only with a key of its endpoint; application insights has every request.

    Pulumi type: ``ml-workspace:machinelearningservices:Inference``
    Ready when:  ``GET /healthz`` returns 200.
    """

    type_token = INFERENCE_FRONT
    services = (INFERENCE,)

    def __init__(self, settings: InferenceSettings, workspace: WorkspaceSettings, *, parent: pulumi.Resource) -> None:
        super().__init__(front_name(workspace.name), settings, workspace, parent=parent)
        self._settings = settings

    def provision(self, context: ProvisioningContext) -> Mapping[str, ServiceConnectionArgs]:
        """Create the container and wait until it is ready."""
        container = run(self, self._container(context), context)
        return self.connected(
            ServiceConnectionArgs(
                endpoints=self.ready(INFERENCE, container, context),
                credentials=pulumi.Output.from_input({}),
                ca_certificate=context.ca_certificate,
            )
        )

    def _container(self, context: ProvisioningContext) -> ServiceContainer:
        target = context.telemetry
        has_telemetry = target is not None and target.inference_token is not None
        token = {TELEMETRY_TOKEN: target.inference_token} if target and target.inference_token else {}
        return ServiceContainer(
            service=INFERENCE,
            command=[service_images.table()[INFERENCE.image].binary, f"--config={_FOLDER}/config.json"],
            files={
                "config.json": config(
                    self._settings,
                    container=self.container_name(INFERENCE),
                    telemetry=target.otlp_http if target and has_telemetry else "",
                    tls=context.certificates is not None,
                ),
            },
            live_files=token,
            environment=_GO,
            memory_mib=_MEMORY_MIB,
        )


def config(settings: InferenceSettings, *, container: str, telemetry: str = "", tls: bool = False) -> str:
    """The front's configuration.

    Args:
        settings: Its settings.
        container: Name of its container.
        telemetry: Host and port of OTLP over HTTP; empty for no telemetry.
        tls: Whether the stack's services have certificates.
    """
    sending = {
        **collector(telemetry, _FOLDER, tls=tls),
        # The front reads it whenever it sends spans, so that a new one needs no restart.
        "token": f"{_FOLDER}/live/{TELEMETRY_TOKEN}",
        "serviceName": container,
    }
    document: dict[str, Any] = {
        "listen": f":{INFERENCE.endpoints[0].port}",
        "folder": _DATA,
        "maximumRequestBytes": settings.maximum_request_size_in_mb * 10**6,
        **({"tls": certificate_paths(_FOLDER)} if tls else {}),
        **({"telemetry": sending} if telemetry else {}),
    }
    return json.dumps(document, indent=2)
