"""From the document of a pipeline job to its graph; everything that is wrong is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infra.errors import MlWorkspaceError
from mlw.component_files.component_lookup import FindComponent
from mlw.jobs import job_types
from mlw.jobs.job_records import SWEEP
from mlw.pipelines.bindings import ParentOutput, StepOutput, binding_of, mode_of
from mlw.pipelines.bound_settings import bound
from mlw.pipelines.graph import ARTIFACTS, Graph, PlannedStep, Target
from mlw.pipelines.inline_components import inline_component
from mlw.pipelines.pipeline_components import Component, is_true, read_component, texts
from mlw.pipelines.pipeline_errors import PipelineError, StepError
from mlw.pipelines.planned_steps import planned
from mlw.pipelines.root_scope import root_of
from mlw.pipelines.scopes import REFERENCE, Scope, listed, target_of
from mlw.pipelines.step_inputs import read_inputs
from mlw.pipelines.step_order import Wiring
from mlw.pipelines.step_types import PIPELINE, why_refused

CheckStep = Callable[[PlannedStep], str]
"""What is wrong with a step that the graph does not show; empty for nothing."""


def read_pipeline(
    document: Mapping[str, Any], find_component: FindComponent, *, check: CheckStep = lambda _step: ""
) -> Graph:
    """Read a pipeline job.

    Raises:
        PipelineError: It cannot run here; the message lists everything that is wrong with it.
    """
    settings = document.get("settings") or {}
    reader = _Reader(find_component)
    root = root_of(document, find_component)
    reader.read_steps(root.scope, root.steps)
    steps, outputs = reader.wiring.wired()
    problems = [*root.problems, *reader.problems, *reader.wiring.problems]
    for name, step in steps.items():
        label = f"step '{name}': "
        if not any(one.startswith(label) for one in problems) and (problem := check(step)):
            problems.append(f"{label}{problem}")
    if not steps and not problems:
        problems.append("it has no steps; add at least one below `jobs`")
    if problems:
        name = document.get("display_name") or document.get("name") or document.get("experiment_name") or ""
        raise PipelineError(f"creating the pipeline job{f' {name!r}' if name else ''}", problems)
    return Graph(
        name=str(document.get("name") or ""),
        display_name=str(document.get("display_name") or ""),
        description=str(document.get("description") or ""),
        experiment=str(document.get("experiment_name") or ""),
        tags=texts(document.get("tags")),
        steps=steps,
        outputs=outputs,
        continue_on_step_failure=is_true(settings.get("continue_on_step_failure")),
        force_rerun=is_true(settings.get("force_rerun")),
        datastore=str(settings.get("default_datastore") or "").removeprefix(REFERENCE),
    )


class _Reader:
    """Reads the steps of all levels.

    Attributes:
        problems: What is wrong with them.
        wiring: The steps, and which output is whose.
    """

    def __init__(self, find_component: FindComponent) -> None:
        self._find_component = find_component
        self.problems: list[str] = []
        self.wiring = Wiring()

    def read_steps(self, scope: Scope, documents: Mapping[str, Any]) -> None:
        """Read the steps of one level."""
        for key, document in documents.items():
            name = scope.named(str(key))
            self.wiring.names.add(name)
            try:
                step, component = self._component(scope, document)
            except MlWorkspaceError as exc:
                self._problem(name, str(exc))
            else:
                self._read_step(scope, name, step, component)

    def _component(self, scope: Scope, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Component]:
        """A step, as the document of a command has it, and what it runs."""
        if reason := why_refused(document):
            raise StepError(reason)
        document = bound(scope, document)
        if document.get("type") == SWEEP:
            return document, self._trial(scope, document)
        found = document.get("component")
        if found is None:
            step = job_types.as_command(document)
            return step, inline_component(scope, step)
        component = self._find_component(found) if isinstance(found, str) else found
        if reason := why_refused(component):
            raise StepError(reason)
        step, component = job_types.with_component(document, component)
        return step, read_component(component)

    def _trial(self, scope: Scope, document: Mapping[str, Any]) -> Component:
        """The component of a sweep's trials, without the inputs that the search space has."""
        found, space = document.get("trial") or {}, document.get("search_space") or {}
        found = self._find_component(found) if isinstance(found, str) else found
        if "inputs" in found or "outputs" in found:
            component = read_component(found)
        else:
            component = inline_component(scope, {**document, **found})
        inputs = {name: one for name, one in component.inputs.items() if name not in space}
        return replace(component, type=SWEEP, inputs=inputs)

    def _problem(self, step: str, text: str) -> None:
        self.problems.append(f"step '{step}': {text}")

    def _read_step(self, scope: Scope, name: str, document: Mapping[str, Any], component: Component) -> None:
        read = read_inputs(scope, component, document.get("inputs") or {})
        for problem in read.problems:
            self._problem(name, problem)
        targets = self._targets(scope, name, component, document.get("outputs") or {})
        try:
            compute = scope.text(document.get("compute")) or scope.compute
        except StepError as exc:
            self._problem(name, f"compute: {exc}")
            return
        if component.type == PIPELINE:
            inner = Scope(step=name, inputs=read.sources, outputs=targets, compute=compute)
            self.wiring.nested[name] = component
            self.read_steps(inner, component.jobs)
        else:
            step = planned(name, component, document, read)
            self.wiring.steps[name] = replace(step, compute=compute, outputs=targets)

    def _targets(self, scope: Scope, step: str, component: Component, given: Mapping[str, Any]) -> Mapping[str, Target]:
        for name in given:
            if name not in component.outputs:
                self._problem(step, f"the component has no output '{name}'; outputs: {listed(component.outputs)}")
        targets = {}
        for name in (name for name in component.outputs if name != ARTIFACTS):
            try:
                targets[name] = self._target(scope, StepOutput(step, name), given.get(name))
            except StepError as exc:
                self._problem(step, f"output '{name}': {exc}")
        return targets

    def _target(self, scope: Scope, output: StepOutput, value: Any) -> Target:  # noqa: ANN401 - of a document
        match binding_of(value):
            case None:
                return target_of(value)
            case ParentOutput(name) if name in scope.outputs:
                self.wiring.bound[StepOutput(scope.step, name)] = output
                outer = scope.outputs[name]
                return replace(outer, mode=mode_of(value) or outer.mode)
            case ParentOutput(name):
                raise StepError(f"the pipeline has no output '{name}'; outputs: {listed(scope.outputs)}")
            case _:
                raise StepError("an output can only be bound to an output of the pipeline")
