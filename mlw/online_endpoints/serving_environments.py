"""The environment that a deployment's server runs in: what its file names, with the server that Azure's would have.

Azure's own inference server is part of an image only if the user's environment names it: directly, through
`azureml-defaults`, or as a curated environment or an inference image of Azure, which include it. It is installed from
the user's package index and is in no lock file of this project.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.environments import environment_images, replacements
from mlw.environments.conda_file import name_of
from mlw.environments.environment_images import EnvironmentImage
from mlw.environments.image_of import EnvironmentAccess, plan_of
from mlw.environments.planning import Plan
from mlw.online_endpoints.endpoint_errors import EndpointError

SERVER, DEFAULTS = "azureml-inference-server-http", "azureml-defaults"
MLFLOW_BASE = "mcr.microsoft.com/azureml/mlflow-ubuntu22.04-py311-cpu-inference"
"""The image that Azure takes for a model of MLflow; replaced here as docs/environments.md says."""

_WITH_SERVER = ("/curated/", "-inference", "/inference-")


def provide(
    environment: Mapping[str, Any] | str, access: EnvironmentAccess, *, server: str, log: Callable[[str], None]
) -> EnvironmentImage:
    """Provide the image of a deployment's environment.

    Args:
        environment: As its file has it.
        access: The workspace's registry and environments.
        server: `score` or `mlflow`.
        log: Takes lines of progress, and notices.

    Raises:
        EndpointError: A scoring script needs Azure's server, and the environment does not name it.
    """
    plan = plan_of(environment, access.assets, allow_newer_python=server == "mlflow")
    if not plan.image and not plan.lock:
        plan = (
            _with_mlflow(plan)
            if server == "mlflow"
            else _with_server(plan, is_included=_has_server(environment, access))
        )
    found = environment_images.provide(plan, access.registry, log)
    for notice in found.notices:
        log(notice)
    return found


def _has_server(environment: Mapping[str, Any] | str, access: EnvironmentAccess) -> bool:
    """Whether Azure's image of an environment includes the server, whatever its conda file has."""
    if isinstance(environment, str):
        if replacements.curated_name(environment):
            return True
        if not environment.startswith("azureml:"):
            return _is_with_server(environment)
        reference = AssetReference.parse(environment, AssetKind.ENVIRONMENT)
        environment = access.assets.resolve(AssetKind.ENVIRONMENT, reference).document
    return _is_with_server(str(environment.get("image") or ""))


def _is_with_server(image: str) -> bool:
    return image.startswith("mcr.microsoft.com/") and any(part in image for part in _WITH_SERVER)


def _with_server(plan: Plan, *, is_included: bool) -> Plan:
    names = {name_of(line) for line in plan.requirements}
    if SERVER not in names and DEFAULTS not in names and not is_included:
        raise EndpointError(
            f"preparing the environment of a deployment: a scoring script runs in Azure's inference server, and the "
            f"environment names neither '{SERVER}' nor '{DEFAULTS}'. Add `- {SERVER}` below `pip:` in its conda file."
        )
    kept = [line for line in plan.requirements if name_of(line) != DEFAULTS]
    notices = list(plan.notices)
    if DEFAULTS in names:
        notices.append(
            f"'{DEFAULTS}' is replaced by '{SERVER}': the rest of it is Azure's SDK version 1, which needs Azure"
        )
    return _changed(
        plan, kept if SERVER in names else [*kept, SERVER], notices, lambda one: _with_server(one, is_included=True)
    )


def _with_mlflow(plan: Plan) -> Plan:
    """A model's requirements with all of MLflow, which has the scoring server; models may name only a part of it."""
    if any(name_of(line) == "mlflow" for line in plan.requirements):
        return plan
    skinny = next((line for line in plan.requirements if name_of(line) == "mlflow-skinny"), "mlflow-skinny")
    added = skinny.replace("mlflow-skinny", "mlflow").replace("mlflow_skinny", "mlflow")
    return _changed(plan, [*plan.requirements, added], plan.notices, _with_mlflow)


def _changed(plan: Plan, requirements: Sequence[str], notices: Sequence[str], change: Callable[[Plan], Plan]) -> Plan:
    return replace(
        plan,
        requirements=tuple(requirements),
        notices=tuple(notices),
        fallback=change(plan.fallback) if plan.fallback else None,
    )
