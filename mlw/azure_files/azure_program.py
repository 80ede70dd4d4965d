"""Checks a document with Azure's own package; run by another process of the interpreter, never imported by this one.

    python -I -S azure_program.py FOLDER

FOLDER has the packages. Standard input is `{"kind", "path", "document"}`, standard output
`{"errors": [{"key", "message"}]}`. Nothing is sent anywhere: the package's clients, which have its telemetry, are
replaced by empty modules. That also halves the time of the import.
"""

from __future__ import annotations

import gc
import io
import json
import logging
import re
import sys
import types
import warnings
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

NESTED = "batch_deployment.settings"
"""The newer form of a batch deployment, in which `settings` has what was at the top."""

CLASSES = {
    "job": ("azure.ai.ml.entities._job.job", "Job"),
    "component": ("azure.ai.ml.entities._component.component", "Component"),
    "environment": ("azure.ai.ml.entities._assets.environment", "Environment"),
    "data": ("azure.ai.ml.entities._assets._artifacts.data", "Data"),
    "model": ("azure.ai.ml.entities._assets._artifacts.model", "Model"),
    "compute": ("azure.ai.ml.entities._compute.compute", "Compute"),
    "schedule": ("azure.ai.ml.entities._schedule.schedule", "Schedule"),
    "batch_endpoint": ("azure.ai.ml.entities._endpoint.batch_endpoint", "BatchEndpoint"),
    "batch_deployment": ("azure.ai.ml.entities._deployment.batch_deployment", "BatchDeployment"),
    NESTED: ("azure.ai.ml.entities._deployment.model_batch_deployment", "ModelBatchDeployment"),
    "online_endpoint": ("azure.ai.ml.entities._endpoint.online_endpoint", "OnlineEndpoint"),
    "online_deployment": ("azure.ai.ml.entities._deployment.online_deployment", "OnlineDeployment"),
}

CLIENTS = (
    "azure.ai.ml._ml_client",
    "azure.ai.ml._restclient.arm_ml_service.operations",
    "azure.ai.ml.operations",
    "azure.identity",
    "azure.monitor",
    "azure.storage",
    "msal",
)
"""What talks to Azure: nothing of it is needed to check a file."""

_NOT_IN_SET = re.compile(r"Value (.*) passed is not in set \[(.*)\]")
_UNKNOWN = "Unknown field."
_GENERAL = ("Value passed is not a data binding string", "In order to specify an existing")
"""Beginnings of messages that say nothing if an alternative has another one for the same key."""

_WITHOUT_VALIDATION = ("MonitorSchedule",)
"""Classes that inherit a validation without the schema that it needs; loading them checks everything."""

_NO_COMPUTE = "Compute not set"
"""Azure's service has a default, and so has the workspace."""

Found = tuple[str, str]
"""Key and message."""


class _AbsentType(type):
    def __getattr__(cls, name: str) -> Any:  # noqa: ANN401 - stands for anything
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class _AbsentModule(types.ModuleType):
    """A module in which every name is a class without content."""

    __path__: list[str] = []  # noqa: RUF012 - as packages have it

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _AbsentType(name, (), {})
        setattr(self, name, made)
        return made


class _AbsentModules:
    """Finds an empty module in the place of the clients."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        is_client = any(name == one or name.startswith(f"{one}.") for one in CLIENTS)
        return ModuleSpec(name, self, is_package=True) if is_client else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return _AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def main() -> int:
    """Read, check, print."""
    # It ends soon: looking for garbage while thousands of classes are made takes an eighth of its time.
    gc.disable()
    sys.path.insert(0, sys.argv[1])
    sys.meta_path.insert(0, _AbsentModules())
    given = json.load(sys.stdin)
    printed, sys.stdout = sys.stdout, io.StringIO()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    errors = dict.fromkeys(_check(given["kind"], given["path"], given["document"]))
    json.dump({"errors": [{"key": key, "message": message} for key, message in errors]}, printed)
    return 0


def _check(kind: str, path: str, document: dict[str, Any]) -> Iterator[Found]:
    """Everything that is wrong."""
    module, name = CLASSES.get(f"{kind}.settings" if "settings" in document else kind) or CLASSES[kind]
    try:
        base = getattr(__import__(module, fromlist=[name]), name)
        cls = base._resolve_cls_and_type(data=document, params_override=[])[0]
        entity = cls._load(data=document, yaml_path=path, params_override=[])
        if hasattr(entity, "_validate") and type(entity).__name__ not in _WITHOUT_VALIDATION:
            # What deployments have raises instead.
            for one in getattr(entity._validate(), "_errors", ()):
                if one.message != _NO_COMPUTE:
                    yield str(one.yaml_path or "").removeprefix("*"), " ".join(str(one.message).split())
    except Exception as exc:
        messages = _messages_of(exc)
        yield from flattened(messages) if messages else [("", " ".join(str(exc).split()))]


def _messages_of(error: BaseException | None) -> dict[str, Any] | None:
    """The messages by field: the package wraps marshmallow's error in others, as text."""
    while error is not None:
        if isinstance(messages := getattr(error, "messages", None), dict):
            return messages
        error = error.__cause__ or error.__context__
    return None


def flattened(messages: object, key: str = "") -> list[Found]:
    """Messages with the keys that they belong to; of the alternatives of a union only what can be meant."""
    if isinstance(messages, dict):
        found = [one for name, value in messages.items() for one in flattened(value, _below(key, name))]
        return _joined(found)
    if isinstance(messages, list):
        alternatives = [flattened(one, key) for one in messages if isinstance(one, dict)]
        texts = [text for one in messages if not isinstance(one, dict) for text in flattened(one, key)]
        return _joined(texts + [one for chosen in _plausible(alternatives, key) for one in chosen])
    return [(key, _text(messages))]


def _text(message: object) -> str:
    """A message in one line; some are lists that were made text."""
    text = " ".join(str(message).split())
    return text[2:-2] if text.startswith("['") and text.endswith("']") else text


def _below(key: str, name: object) -> str:
    if name in {"value", "null", "_schema", None} or isinstance(name, int):
        return key
    return f"{key}.{name}" if key else str(name)


def _plausible(alternatives: Sequence[list[Found]], key: str) -> Sequence[list[Found]]:
    """Alternatives of its `type`, then those that know all fields, and those that got further than the value's type."""
    typed = [one for one in alternatives if all(place not in {key, f"{key}.type"} for place, _ in one)] or alternatives
    known = [one for one in typed if all(message != _UNKNOWN for _, message in one)] or typed
    return [one for one in known if any(place != key for place, _ in one)] or known


def _joined(found: Sequence[Found]) -> list[Found]:
    """One message for a value that is in none of several sets."""
    made: dict[Found, None] = {}
    allowed: dict[Found, dict[str, None]] = {}
    special = {key for key, message in found if not message.startswith(_GENERAL)}
    for key, message in found:
        if key in special and message.startswith(_GENERAL):
            continue
        match = _NOT_IN_SET.fullmatch(message)
        if match:
            allowed.setdefault((key, match[1]), {}).update(dict.fromkeys(match[2].split(", ")))
        made[(key, match[1] if match else message)] = None
    return [
        (
            key,
            f"Value {text} passed is not in set [{', '.join(allowed[key, text])}]" if (key, text) in allowed else text,
        )
        for key, text in made
    ]


if __name__ == "__main__":
    sys.exit(main())
