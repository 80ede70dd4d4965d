"""Creates, changes and deletes batch endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlw.azure_files import overrides
from mlw.batch_endpoints import batch_settings
from mlw.batch_endpoints.batch_errors import BatchEndpointError
from mlw.batch_endpoints.batch_options import BatchEndpoints
from mlw.batch_endpoints.batch_records import BatchEndpoint
from mlw.online_endpoints.deployment_settings import NAME, NAME_RULE
from mlw.records.authored import now, texts

AUTH_MODE = "aad_token"
DEFAULTS, DEPLOYMENT_NAME = "defaults", "deployment_name"
_CHANGEABLE = ("description", "tags", "properties", DEFAULTS)
_IGNORED = {"identity": "jobs have the identity of their compute", "location": "there is one location"}

Change = Callable[[dict[str, Any]], None]
"""Changes a document with the keys that can be changed."""


def create(batch: BatchEndpoints, document: Mapping[str, Any], say: Callable[[str], None]) -> BatchEndpoint:
    """Create an endpoint; it has no deployments.

    Raises:
        BatchEndpointError: The file is wrong, or the name is taken.
    """
    name = str(document.get("name") or "")
    batch_settings.refuse(f"creating batch endpoint '{name}'", list(_problems(document)))
    for key, why in _IGNORED.items():
        if document.get(key):
            say(f"`{key}` is ignored: {why}.")
    made = BatchEndpoint(
        name=name, description=str(document.get("description") or ""), tags=texts(document.get("tags")),
        properties=texts(document.get("properties")), created=now(), created_by=batch.user,
    )  # fmt: skip
    batch.records.create(made)
    return made


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    if not NAME.fullmatch(name := str(document.get("name") or "")):
        yield f"name is '{name}'; {NAME_RULE}."
    mode = str(document.get("auth_mode") or AUTH_MODE).lower()
    if mode != AUTH_MODE:
        yield f"auth_mode is '{mode}'; allowed: {AUTH_MODE}. The rights of a principal are those of its role."
    if default := _default_of(document.get(DEFAULTS)):
        yield f"{DEFAULTS}.{DEPLOYMENT_NAME} is '{default}', which does not exist yet. Set it when it does."


def update(batch: BatchEndpoints, name: str, change: Change) -> BatchEndpoint:
    """Change an endpoint.

    Raises:
        BatchEndpointError: The change is not valid.
    """
    doing = f"updating batch endpoint '{name}'"
    known = batch.records.deployment_names(name)

    def changed(before: BatchEndpoint) -> BatchEndpoint:
        document: dict[str, Any] = {
            "description": before.description, "tags": dict(before.tags), "properties": dict(before.properties),
            DEFAULTS: {DEPLOYMENT_NAME: before.default_deployment},
        }  # fmt: skip
        change(document)
        if unknown := sorted(set(document) - set(_CHANGEABLE)):
            raise BatchEndpointError(f"{doing}: '{unknown[0]}' cannot be changed; allowed: {', '.join(_CHANGEABLE)}.")
        default = _default_of(document[DEFAULTS])
        if default and default not in known:
            raise BatchEndpointError(
                f"{doing}: {DEFAULTS}.{DEPLOYMENT_NAME} is '{default}', which is no deployment; deployments: "
                f"{', '.join(known) or 'none'}."
            )
        return replace(
            before, description=str(document["description"] or ""), tags=texts(document["tags"]),
            properties=texts(document["properties"]), default_deployment=default, changed=now(), changed_by=batch.user,
        )  # fmt: skip

    return batch.records.change(name, changed)


def of_file(document: Mapping[str, Any]) -> Change:
    """A change by a file: what it does not have stays."""
    return lambda before: before.update({key: document[key] for key in _CHANGEABLE if key in document})


def of_options(changes: tuple[str, ...], defaults: str | None, name: str) -> Change:
    """A change by `--set` and `--defaults`."""
    given = [f"{DEFAULTS}.{one}" for one in (defaults or "").replace(",", " ").split()]
    return lambda before: overrides.apply(before, [*given, *changes], f"updating batch endpoint '{name}'")


def delete(batch: BatchEndpoints, name: str) -> None:
    """Delete an endpoint with its deployments; jobs stay.

    Raises:
        BatchEndpointNotFoundError: There is no such endpoint.
    """
    batch.records.endpoint(name)
    batch.records.delete(name)


def _default_of(defaults: object) -> str:
    return str(defaults.get(DEPLOYMENT_NAME) or "") if isinstance(defaults, Mapping) else ""
