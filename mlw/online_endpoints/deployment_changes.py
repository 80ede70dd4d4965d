"""Creates, changes, scales and deletes deployments; the front serves the old one until the new one is ready."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from infra.clients.storage.blob_files import BlobForbiddenError
from mlw.azure_files import overrides
from mlw.online_endpoints import (
    deployed_models,
    deployment_settings,
    identity_access,
    publishing,
    rollout,
    serving_environments,
)
from mlw.online_endpoints.deployed_code import code_of
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_records import DeployedModel, Deployment
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.online_endpoints.serving_files import MLFLOW, SCORE
from mlw.records.authored import now
from mlw.tracking import code_snapshot, stored_snapshots

_COUNT = "instance_count"
_TEXTS = ("description", "tags", "properties")


def create(
    workspace: EndpointWorkspace, document: Mapping[str, Any], *, all_traffic: bool = False, keeps_files: bool = False
) -> Deployment:
    """Create a deployment, or replace the one of this name, as Azure does.

    Args:
        workspace: The workspace.
        document: The file, normalised.
        all_traffic: Whether it gets all of the endpoint's traffic once it is ready.
        keeps_files: Whether what the document says as before is not read again: its files may be gone.

    Raises:
        EndpointError: The file is wrong, there is no such endpoint, or the deployment does not become ready.
    """
    settings = deployment_settings.checked(document)
    endpoint, name = str(document["endpoint_name"]), str(document["name"])
    identity = identity_access.read(workspace, workspace.records.endpoint(endpoint).identity, f"deploying '{name}'")
    for notice in deployment_settings.ignored(document):
        workspace.say(notice)
    with workspace.changing(endpoint):
        if workspace.records.endpoint(endpoint).identity != identity.principal:
            raise EndpointError(f"deploying '{name}': the identity of its endpoint was just changed. Run it again.")
        before = workspace.records.find_deployment(endpoint, name)
        made = resolved(workspace, document, settings.instance_count, before, keeps_files=keeps_files)
        made = identity.given_to(made)
        if settings.collection:
            from mlw.online_endpoints import collected_assets  # noqa: PLC0415 - only then

            collected_assets.register(workspace, settings.collection)
        rollout.bring_up(workspace, made)
        with _taking_back(workspace, made, before):
            workspace.records.write(made)
            if all_traffic:
                workspace.records.change(endpoint, lambda one: replace(one, traffic={name: 100}, mirror_traffic={}))
            publishing.publish(workspace)
        publishing.take_away(workspace, endpoint, workspace.records.deployments(endpoint))
    return made


@contextmanager
def _taking_back(workspace: EndpointWorkspace, made: Deployment, before: Deployment | None) -> Iterator[None]:
    """Have a deployment that is ready, but cannot be recorded or published, leave nothing."""
    shares = workspace.records.endpoint(made.endpoint)

    def take_back() -> None:
        records, mirrored = workspace.records, shares.mirror_traffic
        records.change(made.endpoint, lambda one: replace(one, traffic=shares.traffic, mirror_traffic=mirrored))
        records.write(before) if before else records.delete_deployment(made.endpoint, made.name)
        publishing.take_away(workspace, made.endpoint, records.deployments(made.endpoint))

    left = "What served before still does; nothing of this attempt is left."
    with publishing.taking_back(take_back, left):
        yield


def update(workspace: EndpointWorkspace, endpoint: str, name: str, changes: Sequence[str]) -> Deployment:
    """Change what a deployment was created with, by `--set`.

    Raises:
        EndpointError: It is not valid, or does not become ready: then the deployment stays as it is.
    """
    before = workspace.records.deployment(endpoint, name)
    doing = f"updating {before.title}"
    document: dict[str, Any] = copied(before.document)
    overrides.apply(document, changes, doing)
    if (document.get("name"), document.get("endpoint_name")) != (name, endpoint):
        raise EndpointError(f"{doing}: its name and that of its endpoint cannot be changed. Create another deployment.")
    return apply(workspace, before, document)


def apply(workspace: EndpointWorkspace, before: Deployment, document: Mapping[str, Any]) -> Deployment:
    """Have a deployment be as a document says: scaled only, if nothing else changes.

    Raises:
        EndpointError: See :func:`update`.
    """
    changed = {key for key in {*document, *before.document} if document.get(key) != before.document.get(key)}
    if changed - {_COUNT, *_TEXTS}:
        return create(workspace, document, keeps_files=True)
    settings = deployment_settings.checked(document)
    with workspace.changing(before.endpoint):
        now = workspace.records.deployment(before.endpoint, before.name)
        made = replace(now, document=document, instance_count=settings.instance_count, **_changed(workspace))
        if settings.instance_count > now.instance_count:
            rollout.bring_up(workspace, made, first=now.instance_count)
        with _taking_back(workspace, made, now):
            workspace.records.write(made)
            publishing.publish(workspace)
        publishing.take_away(workspace, made.endpoint, workspace.records.deployments(made.endpoint))
    return made


def scale(workspace: EndpointWorkspace, endpoint: str, name: str, count: int) -> Deployment:
    """Change the number of instances; 0 stops all of them and keeps the deployment."""
    before = workspace.records.deployment(endpoint, name)
    return apply(workspace, before, {**before.document, _COUNT: count})


def delete(workspace: EndpointWorkspace, endpoint: str, name: str) -> None:
    """Delete a deployment.

    Raises:
        EndpointError: It has traffic.
    """
    with workspace.changing(endpoint):
        found = workspace.records.deployment(endpoint, name)
        if share := workspace.records.endpoint(endpoint).traffic.get(name):
            raise EndpointError(
                f"deleting {found.title}: it has {share} % of the traffic. Give it to others first, e.g. `mlw "
                f'online-endpoint update STACK --name {endpoint} --traffic "{name}=0 OTHER=100"`.'
            )
        workspace.records.change(
            endpoint, lambda one: replace(one, mirror_traffic=_without(one.mirror_traffic, name),
                                          traffic=_without(one.traffic, name))
        )  # fmt: skip
        workspace.records.delete_deployment(endpoint, name)
        publishing.publish(workspace)
        publishing.take_away(workspace, endpoint, workspace.records.deployments(endpoint))


def resolved(
    workspace: EndpointWorkspace,
    document: Mapping[str, Any],
    count: int,
    before: Deployment | None,
    *,
    keeps_files: bool,
) -> Deployment:
    """Store and look up what a file refers to, and provide its image."""
    kept = workspace.located(before) if before and keeps_files else None
    model = kept.model if kept and _is_same(document, kept, "model") else _model(workspace, document)
    code: Mapping[str, Any] = document.get("code_configuration") or {}
    server = SCORE if code else MLFLOW
    deployed_models.require_servable(str(document["name"]), server, model)
    stored = (
        {"code": kept.code, "code_folder": kept.code_folder, "script": kept.script}
        if kept and _is_same(document, kept, "code_configuration")
        else _stored_code(workspace, document, code)
    )
    is_same_image = kept and (model == kept.model or "environment" in document)
    image = (
        kept.image
        if kept and is_same_image and server == kept.server and _is_same(document, kept, "environment")
        else _image(workspace, document, server, model)
    )
    return Deployment(
        name=str(document["name"]), endpoint=str(document["endpoint_name"]), document=document,
        revision=secrets.token_hex(4), instance_count=count, server=server, image=image, model=model, **stored,
        registry=workspace.registry if image.startswith(f"{workspace.registry}/") else "",
        created=before.created if before else now(), created_by=before.created_by if before else workspace.user,
        **(_changed(workspace) if before else {}),
    )  # fmt: skip


def _is_same(document: Mapping[str, Any], before: Deployment, key: str) -> bool:
    return document.get(key) == before.document.get(key)


def _model(workspace: EndpointWorkspace, document: Mapping[str, Any]) -> DeployedModel | None:
    given = document.get("model")
    if given is None:
        return None
    if isinstance(given, Mapping):
        return deployed_models.store(
            deployed_models.local_path(document), workspace.connection, workspace.blob_container,
            type_=str(given.get("type") or ""), say=workspace.say,
        )  # fmt: skip
    return deployed_models.find(str(given), workspace.tracking)


def _image(workspace: EndpointWorkspace, document: Mapping[str, Any], server: str, model: DeployedModel | None) -> str:
    """Reference of an image that the engine has."""
    environment = document.get("environment")
    if environment is None and model is not None:
        workspace.say(f"the environment is that of the model: '{model.name}' has a conda file")
        conda = deployed_models.conda_file(model, workspace.connection, workspace.tracking)
        environment = {"image": serving_environments.MLFLOW_BASE, "conda_file": conda}
    log, access = workspace.say, workspace.environments
    return serving_environments.provide(environment or "", access, server=server, log=log).reference


def _stored_code(workspace: EndpointWorkspace, document: Mapping[str, Any], code: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a record on the code: it is stored as a snapshot."""
    if not code:
        return {}
    folder, script = code_of(document)
    try:
        taken = code_snapshot.take(folder)
        stored = stored_snapshots.store(workspace.connection, workspace.blob_container, taken)
    except BlobForbiddenError as exc:
        raise EndpointError(
            f"storing the code of a deployment in '{folder}': the role of '{workspace.user}' includes no rights to "
            "write blobs of the default datastore. `mlw roles list` shows which roles do."
        ) from exc
    return {"code": stored, "code_folder": folder.name, "script": script}


def _changed(workspace: EndpointWorkspace) -> dict[str, Any]:
    return {"changed": now(), "changed_by": workspace.user}


def _without(shares: Mapping[str, int], name: str) -> dict[str, int]:
    return {key: share for key, share in shares.items() if key != name}


def copied(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A document that can be changed."""
    if isinstance(value, Mapping):
        return {key: copied(one) for key, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value
