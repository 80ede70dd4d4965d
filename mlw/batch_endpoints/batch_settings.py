"""What the file of a batch deployment says, checked: every mistake at once, and what is ignored here.

docs/how-to/azure-ml.md has the table of all fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlw.azure_files.normalising import merged
from mlw.batch_endpoints.batch_errors import BatchEndpointError
from mlw.online_endpoints.deployment_settings import NAME, NAME_RULE

APPEND_ROW, SUMMARY_ONLY = "append_row", "summary_only"
FILE_NAME = "predictions.csv"
DEFAULTS: Mapping[str, Any] = {
    "mini_batch_size": 10,
    "max_concurrency_per_instance": 1,
    "error_threshold": -1,
    "retry_settings": {"max_retries": 3, "timeout": 30},
    "logging_level": "info",
    "output_action": APPEND_ROW,
    "output_file_name": FILE_NAME,
}
"""Azure's."""

CHANGED_BY_INVOKE = frozenset({*DEFAULTS, "resources", "environment_variables"})
"""What `--set` of `mlw batch-endpoint invoke` may change for one job."""

_ALL = frozenset(
    {
        *CHANGED_BY_INVOKE, "name", "endpoint_name", "description", "tags", "properties", "type", "model",
        "code_configuration", "environment", "compute", "instance_count",
    }
)  # fmt: skip
_LEAST = {
    "mini_batch_size": 1, "max_concurrency_per_instance": 1, "error_threshold": -1, "retry_settings.max_retries": 0,
    "retry_settings.timeout": 1, "resources.instance_count": 1,
}  # fmt: skip
_ALLOWED = {
    "output_action": (APPEND_ROW, SUMMARY_ONLY),
    "logging_level": ("debug", "info", "warning"),
}
_VARIABLE, _FILE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), re.compile(r"[^/\\\0\s][^/\\\0]*")


def flat(document: dict[str, Any]) -> dict[str, Any]:
    """A document with what `--set settings.KEY=VALUE` has changed at the top, as records have it."""
    nested = document.pop("settings", None)
    return merged(document, nested) if isinstance(nested, Mapping) else document


def settings_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with Azure's defaults for what is missing."""
    found = {key: document.get(key, default) for key, default in DEFAULTS.items()}
    found["retry_settings"] = {**DEFAULTS["retry_settings"], **(document.get("retry_settings") or {})}
    resources = dict(document.get("resources") or {})
    if count := document.get("instance_count"):
        resources.setdefault("instance_count", count)
    return {**found, "resources": resources, "environment_variables": document.get("environment_variables") or {}}


def check(document: Mapping[str, Any]) -> None:
    """Check the file of a deployment.

    Raises:
        BatchEndpointError: Something is not allowed; the message has all of it.
    """
    doing = f"reading deployment '{document.get('name', '')}' of endpoint '{document.get('endpoint_name', '')}'"
    unknown = [f"'{key}' cannot be set here; allowed: {', '.join(sorted(_ALL))}." for key in sorted({*document} - _ALL)]
    refuse(doing, [*_of_names(document), *_of_content(document), *problems(document), *unknown])


def refuse(doing: str, found: list[str]) -> None:
    """Raise one error for all that is wrong.

    Raises:
        BatchEndpointError: Something is.
    """
    if found:
        raise BatchEndpointError(f"{doing}: {found[0]}" if len(found) == 1 else "\n- ".join([f"{doing}:", *found]))


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with settings, one sentence each."""
    for path, least in _LEAST.items():
        given = _at(document, path)
        if given is not None and not (isinstance(given, int) and not isinstance(given, bool) and given >= least):
            yield f"{path} is {given!r}; allowed: whole numbers from {least}."
    for key, allowed in _ALLOWED.items():
        given = document.get(key)
        if given is not None and str(given).lower() not in allowed:
            yield f"{key} is {given!r}; allowed: {', '.join(allowed)}."
    name = document.get("output_file_name")
    if name is not None and not _FILE.fullmatch(str(name)):
        yield f"output_file_name is {name!r}; write the name of a file, without a folder, e.g. {FILE_NAME}."
    for variable in document.get("environment_variables") or {}:
        if not _VARIABLE.fullmatch(str(variable)):
            yield f"environment_variables has '{variable}', which is not a name of a variable."


def _of_names(document: Mapping[str, Any]) -> Iterator[str]:
    for key in ("name", "endpoint_name"):
        if not NAME.fullmatch(given := str(document.get(key) or "")):
            yield f"{key} is '{given}'; {NAME_RULE}."


def _of_content(document: Mapping[str, Any]) -> Iterator[str]:
    code, environment = document.get("code_configuration"), document.get("environment")
    if isinstance(code, Mapping):
        yield from (f"code_configuration.{key} is missing." for key in ("code", "scoring_script") if not code.get(key))
        if environment is None:
            yield "environment is missing: a scoring script needs one, e.g. `image` with `conda_file`."
    elif document.get("model") is None:
        yield "it has neither code_configuration nor model. Add a scoring script, or a model of MLflow."
    if isinstance(environment, Mapping) and environment.get("build"):
        yield (
            "environment.build: the folder is not stored with the deployment. Create the environment with `mlw "
            "environment create`, and refer to it as azureml:NAME:VERSION."
        )


def _at(document: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - YAML
    value: Any = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
