"""Which step reads the output of which, through all levels of nested pipelines, and an order in which they can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from mlw.pipelines.bindings import StepOutput
from mlw.pipelines.graph import ARTIFACTS, PlannedStep, Source
from mlw.pipelines.pipeline_components import Component
from mlw.pipelines.scopes import listed


class Wiring:
    """Steps of all levels, and the outputs that they are connected by.

    Attributes:
        names: All steps, also nested pipelines and steps with problems.
        steps: Steps that run commands.
        nested: Steps that are pipeline components.
        bound: Output of a nested pipeline to the step's output that it is; with an empty step, outputs of the
            pipeline itself.
        problems: What is wrong with the connections.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.steps: dict[str, PlannedStep] = {}
        self.nested: dict[str, Component] = {}
        self.bound: dict[StepOutput, StepOutput] = {}
        self.problems: list[str] = []

    def wired(self) -> tuple[Mapping[str, PlannedStep], Mapping[str, StepOutput]]:
        """The steps in an order in which they can run, and the outputs of the pipeline."""
        steps = {name: self._connected(step) for name, step in self.steps.items()}
        outputs = {output.output: self._producer(output) for output in self.bound if not output.step}
        return {name: steps[name] for name in self._ordered(steps)}, outputs

    def _connected(self, step: PlannedStep) -> PlannedStep:
        inputs: dict[str, Source | None] = {}
        for name, source in step.inputs.items():
            if isinstance(source, StepOutput):
                producer = self._producer(source)
                if problem := self._problem(source, producer):
                    self.problems.append(f"step '{step.name}': input '{name}': {problem}")
                inputs[name] = producer
            else:
                inputs[name] = source
        return replace(step, inputs=inputs)

    def _producer(self, output: StepOutput) -> StepOutput:
        while output in self.bound:
            output = self.bound[output]
        return output

    def _problem(self, output: StepOutput, producer: StepOutput) -> str:
        if producer.step in self.steps and producer.output == ARTIFACTS:
            return ""
        if producer.step in self.steps:
            outputs = self.steps[producer.step].component.outputs
            return "" if producer.output in outputs else _no_output(producer, outputs)
        if producer.step in self.nested:
            declared = self.nested[producer.step].outputs
            if producer.output in declared:
                return f"no step of '{producer.step}' is bound to its output '{producer.output}'"
            return _no_output(producer, declared)
        if output.step in self.names:
            return ""  # it has a problem of its own
        level = output.step.rpartition(".")[0]
        same_level = {name: None for name in sorted(self.names) if name.rpartition(".")[0] == level}
        return f"there is no step '{output.step}'; steps: {listed(same_level)}"

    def _ordered(self, steps: Mapping[str, PlannedStep]) -> Iterator[str]:
        """By dependency, then as in the document."""
        places = {name: place for place, name in enumerate(steps)}
        sorter = TopologicalSorter({name: step.after & steps.keys() for name, step in steps.items()})
        try:
            sorter.prepare()
        except CycleError as exc:
            cycle = " -> ".join(f"'{name}'" for name in reversed(exc.args[1]))
            self.problems.append(f"steps wait for each other: {cycle}")
            return
        while sorter.is_active():
            for name in sorted(sorter.get_ready(), key=places.__getitem__):
                yield name
                sorter.done(name)


def _no_output(producer: StepOutput, outputs: Mapping[str, object]) -> str:
    return f"step '{producer.step}' has no output '{producer.output}'; outputs: {listed(outputs)}"
