"""One form for what can be written in several ways: other files inlined, local paths absolute, types named.

What a file says stays in the words of Azure's schema. Everything that is wrong is collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlw.azure_files import deployment_files, monitor_files, not_runnable
from mlw.azure_files.azure_file_errors import AzureFileError
from mlw.azure_files.file_references import FILE, absolute, bare, is_local
from mlw.azure_files.not_runnable import REGISTRY, REGISTRY_REASON
from mlw.azure_files.yaml_source import YamlSource, plain, read_source

DEEPEST = 20
COMMAND, PIPELINE, SWEEP = "command", "pipeline", "sweep"
DEFAULT_TYPE = "uri_folder"
TABLES = frozenset({"training_data", "validation_data", "test_data"})
"""Fields of an AutoML job that are inputs."""

_BINDING = "${{"

Document = dict[str, Any]


class Normalising:
    """Normalises the document of one file, and of those that it refers to.

    Args:
        source: The file, after `--set`.
        doing: For messages.

    Attributes:
        problems: What is wrong, each with its place.
        refused: What cannot run here, each with its place.
        sources: Key that another file is inlined at, to that file.
    """

    def __init__(self, source: YamlSource, doing: str, *, depth: int = 0) -> None:
        self._source, self._doing, self._depth = source, doing, depth
        self._folder = source.path.parent
        self.problems: list[str] = []
        self.refused: list[str] = []
        self.sources: dict[str, YamlSource] = {"": source}

    def job(self, document: Mapping[str, Any], place: str = "") -> Document:
        """A job, or a step of a pipeline."""
        found = {key: value for key, value in document.items() if key != "$schema" and value is not None}
        component, trial = found.get("component"), found.get("trial")
        if component is not None:
            found["component"] = self._component_of(component, _below(place, "component"))
        if trial is not None:
            found["trial"] = self._component_of(trial, _below(place, "trial"))
        self._add_type(found, is_step=bool(place))
        self._refuse(found, place)
        has_component = component is not None or _declares(found.get("trial"))
        self._add_common(found, place, in_type="" if has_component else DEFAULT_TYPE)
        outputs = found.get("outputs")
        if isinstance(outputs, dict) and not has_component and found["type"] in {COMMAND, SWEEP}:
            found["outputs"] = {name: _typed(one) for name, one in outputs.items()}
        _name_defaults(found)
        return found

    def component(self, document: Mapping[str, Any], place: str = "") -> Document:
        """A component."""
        found = {key: value for key, value in document.items() if key != "$schema" and value is not None}
        self._add_type(found, is_step=False)
        self._refuse(found, place)
        self._add_common(found, place, in_type="")
        return found

    def environment(self, document: Mapping[str, Any], place: str = "") -> Document:
        """An environment."""
        found = {key: value for key, value in document.items() if key != "$schema" and value is not None}
        conda, build = found.get("conda_file"), found.get("build")
        if isinstance(conda, str):
            file = self.existing(conda, _below(place, "conda_file"))
            found["conda_file"] = self._read(file, _below(place, "conda_file")) if file else {}
        if isinstance(build, dict) and is_local(build.get("path")):
            file = self.existing(build["path"], _below(place, "build.path"))
            found["build"] = {**build, "path": str(file) if file else build["path"]}
        return found

    def asset(self, document: Mapping[str, Any]) -> Document:
        """Data, or a model: files at a path."""
        found = {key: value for key, value in document.items() if key != "$schema" and value is not None}
        if is_local(found.get("path")):
            file = self.existing(str(found["path"]), "path")
            found["path"] = str(file) if file else found["path"]
        return found

    def schedule(self, document: Mapping[str, Any]) -> Document:
        """A schedule; `create_job` is the document of its job, or what changes that of an earlier one in `job`."""
        found = {key: value for key, value in document.items() if key != "$schema" and value is not None}
        if reason := not_runnable.schedule_reason(found):
            self.refused.append(f"{self._source.path}: {reason}")
        elif "create_job" in found:
            found["create_job"] = self._created_job(found["create_job"])
        return monitor_files.completed(found, self)

    def deployment(self, document: Mapping[str, Any]) -> Document:
        """A deployment of an online or a batch endpoint: its model, its code and its environment."""
        return deployment_files.normalised(document, self)

    def plain(self, document: Mapping[str, Any]) -> Document:
        """A document without references to files."""
        return {key: value for key, value in document.items() if key != "$schema" and value is not None}

    def _add_type(self, found: Document, *, is_step: bool) -> None:
        component = found.get("component")
        if isinstance(component, dict):
            found.setdefault("type", component.get("type", COMMAND))
        elif "jobs" in found:
            found.setdefault("type", PIPELINE)
        elif "trial" in found:
            found.setdefault("type", SWEEP)
        elif not (is_step and isinstance(component, str)):
            found.setdefault("type", COMMAND)
        if isinstance(found.get("type"), str):
            found["type"] = found["type"].lower()

    def _refuse(self, found: Document, place: str) -> None:
        for key, reason in not_runnable.reasons(found):
            self.refuse(reason, _below(place, key))

    def refuse(self, reason: str, place: str) -> None:
        """Note what cannot run here."""
        self.refused.append(f"{self._source.place(place)}: {reason}")

    def _add_common(self, found: Document, place: str, *, in_type: str) -> None:
        """What jobs, steps and components have in common.

        Args:
            found: The document, which is changed.
            place: Its key in the file.
            in_type: Type of inputs with a path that have none; empty where a component declares it.
        """
        if is_local(found.get("code")):
            file = self.existing(str(found["code"]), _below(place, "code"))
            found["code"] = str(file) if file else found["code"]
        if "environment" in found:
            found["environment"] = self.environment_of(found["environment"], _below(place, "environment"))
        if "compute" in found:
            found["compute"] = bare(found["compute"])
        inputs, outputs = found.get("inputs"), found.get("outputs")
        if isinstance(inputs, dict):
            found["inputs"] = {
                name: self.input_of(one, _below(place, f"inputs.{name}"), in_type) for name, one in inputs.items()
            }
        if isinstance(outputs, dict):
            found["outputs"] = {name: {} if one is None else one for name, one in outputs.items()}
        self._add_of_types(found, place)
        if isinstance(found.get("jobs"), dict):
            found["jobs"] = {
                name: self._step(one, _below(place, f"jobs.{name}")) for name, one in found["jobs"].items()
            }

    def _add_of_types(self, found: Document, place: str) -> None:
        """What only parallel and AutoML jobs have."""
        if isinstance(found.get("task"), dict):
            found["task"] = self._task(found["task"], _below(place, "task"))
        for name in TABLES & found.keys():
            found[name] = self.input_of(found[name], _below(place, name), "mltable")

    def _task(self, task: Mapping[str, Any], place: str) -> Document:
        """What a parallel job runs."""
        found = dict(task)
        if is_local(found.get("code")):
            file = self.existing(str(found["code"]), _below(place, "code"))
            found["code"] = str(file) if file else found["code"]
        if "environment" in found:
            found["environment"] = self.environment_of(found["environment"], _below(place, "environment"))
        return found

    def _created_job(self, value: object) -> object:
        place = "create_job"
        if isinstance(value, str):
            return self._other(value, place, "job") if is_local(value) else {"job": bare(value)}
        if not isinstance(value, dict):
            return value
        changes = {key: one for key, one in value.items() if key != "job" and one is not None}
        self._add_common(changes, place, in_type=DEFAULT_TYPE)
        _name_defaults(changes)
        job = value.get("job")
        if not is_local(job):
            return {"job": bare(job), **changes}
        other = self._other(str(job), _below(place, "job"), "job")
        return merged(other, changes) if isinstance(other, dict) else other

    def _step(self, value: object, place: str) -> object:
        if isinstance(value, str) and value.startswith(FILE):
            return self._other(value, place, "job")
        return self.job(value, place) if isinstance(value, dict) else value

    def input_of(self, value: object, place: str, type_: str) -> object:
        """An input, with the path of its data and a type."""
        if not isinstance(value, dict):
            return value
        found, path = dict(value), value.get("path")
        if isinstance(path, str) and path.startswith(REGISTRY):
            self.refused.append(f"{self._source.place(_below(place, 'path'))}: '{path}': {REGISTRY_REASON}")
        elif is_local(path):
            file = self.existing(str(path), _below(place, "path"))
            found["path"] = str(file) if file else path
        if type_ and "path" in found and not str(path).startswith(_BINDING):
            found.setdefault("type", type_)
        return found

    def _component_of(self, value: object, place: str) -> object:
        if isinstance(value, dict):
            return self.component(value, place)
        if not isinstance(value, str):
            return value
        if value.startswith(REGISTRY):
            self.refused.append(f"{self._source.place(place)}: '{value}': {REGISTRY_REASON}")
            return value
        return self._other(value, place, "component") if is_local(value) else value

    def environment_of(self, value: object, place: str) -> object:
        """An environment, however it is named."""
        if isinstance(value, dict):
            return self.environment(value, place)
        if isinstance(value, str) and is_local(value):
            return self._other(value, place, "environment")
        return value

    def _other(self, value: str, place: str, kind: str) -> object:
        """The document of another file, whose paths are relative to that file."""
        file = self.existing(value, place)
        if file is None:
            return {}
        if self._depth >= DEEPEST:
            self.problems.append(f"{self._source.place(place)}: '{value}': files refer to each other in a circle.")
            return {}
        try:
            other = read_source(file, self._doing)
        except AzureFileError as exc:
            self.problems.append(str(exc).removeprefix(f"{self._doing}: "))
            return {}
        nested = Normalising(other, self._doing, depth=self._depth + 1)
        made: Document = getattr(nested, kind)(other.document)
        self.problems += nested.problems
        self.refused += nested.refused
        self.sources |= {_below(place, key) if key else place: one for key, one in nested.sources.items()}
        return made

    def _read(self, file: Path, place: str) -> object:
        import yaml  # noqa: PLC0415 - only with a file

        try:
            return plain(yaml.safe_load(file.read_text(encoding="utf-8-sig")))
        except (OSError, ValueError, yaml.YAMLError) as exc:
            self.problems.append(f"{self._source.place(place)}: '{file}' is not YAML: {' '.join(str(exc).split())}.")
            return {}

    def existing(self, value: str, place: str) -> Path | None:
        """The file that a value stands for; None, and a problem, if there is none."""
        found = absolute(value, self._folder)
        if found.exists():
            return found
        self.problems.append(f"{self._source.place(place)}: '{value}' does not exist (looked for '{found}').")
        return None


def _name_defaults(found: Document) -> None:
    """Defaults of a pipeline without Azure's prefix."""
    if isinstance(found.get("settings"), dict):
        found["settings"] = {
            key: bare(value) if key in {"default_compute", "default_datastore"} else value
            for key, value in found["settings"].items()
        }


def _declares(trial: object) -> bool:
    """Whether a trial is a component, which declares inputs and outputs; otherwise those of the sweep are its own."""
    return isinstance(trial, str) or (isinstance(trial, dict) and ("inputs" in trial or "outputs" in trial))


def _typed(output: object) -> object:
    """An output with its type; a binding has that of what it is bound to."""
    if not isinstance(output, dict) or str(output.get("path", "")).startswith(_BINDING):
        return output
    return {"type": DEFAULT_TYPE, **output}


def merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> Document:
    """A document with changes of some of its keys, also of those in mappings."""
    found = dict(document)
    for key, value in changes.items():
        before = found.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        found[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return found


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
