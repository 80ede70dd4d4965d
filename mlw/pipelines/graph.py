"""The graph of a pipeline as its document says: steps that run commands, and where their inputs come from.

Steps of nested pipeline components are in it with the names of both, e.g. `prepare.clean`; the components themselves
are not. Local folders and data have not been stored yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlw.pipelines.bindings import StepOutput
from mlw.pipelines.pipeline_components import Component

ARTIFACTS = "artifacts"
"""Azure's name of an output that every step has: its default artifacts, such as the folder `outputs`."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value."""

    value: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """Data, by the path in its document: a local one, a URI or a reference of a data asset."""

    path: str
    type: str
    mode: str = ""


Source = Literal | Data | StepOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where an output goes.

    Attributes:
        type: Type of the output; empty for that which the component declares.
        path: URI of the place; empty for the default one.
        asset: Name, or name and version, of the data asset that it becomes; empty for none.
    """

    type: str = ""
    path: str = ""
    asset: str = ""
    mode: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedStep:
    """One step.

    Attributes:
        name: Its name; in a nested pipeline component with a dot after the name of the step that is the component.
        inputs: Where each input comes from; None for an optional one without a value.
        modes: Modes of inputs that set one.
        sweep: The document of a sweep step, whose component is that of its trials.
    """

    name: str
    component: Component
    display_name: str
    description: str = ""
    compute: str = ""
    inputs: Mapping[str, Source | None]
    modes: Mapping[str, str]
    outputs: Mapping[str, Target] = field(default_factory=dict)
    environment_variables: Mapping[str, str]
    resources: Mapping[str, Any]
    distribution: Mapping[str, Any]
    timeout_seconds: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, Any] = field(default_factory=dict)

    @property
    def after(self) -> frozenset[str]:
        """Steps whose outputs it reads."""
        return frozenset(one.step for one in self.inputs.values() if isinstance(one, StepOutput))


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """The graph of a pipeline.

    Attributes:
        steps: Steps in an order in which they can run.
        outputs: Outputs of the pipeline, and the step's output that each of them is.
        datastore: Where outputs without a path go; empty for the workspace's default.
    """

    name: str = ""
    display_name: str = ""
    description: str = ""
    experiment: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, PlannedStep]
    outputs: Mapping[str, StepOutput]
    datastore: str = ""
    continue_on_step_failure: bool = False
    force_rerun: bool = False
