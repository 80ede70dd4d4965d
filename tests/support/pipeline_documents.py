"""Documents of pipelines as the loader of Azure's files returns them."""

from __future__ import annotations

from typing import Any

from mlw.pipelines.graph import Graph
from mlw.pipelines.read_pipeline import read_pipeline


def prepare(**over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """A component with inputs and outputs of every form."""
    return {
        "type": "command",
        "name": "prepare",
        "version": "2",
        "inputs": {
            "raw": {"type": "uri_file"},
            "rate": {"type": "number", "default": 0.5},
            "count": {"type": "integer", "optional": True},
        },
        "outputs": {"clean": {"type": "uri_folder"}},
        "code": "/project/src",
        "environment": "azureml:sklearn@latest",
        "environment_variables": {"A": "1"},
        "command": "python prepare.py ${{inputs.raw}} $[[--count ${{inputs.count}}]] ${{outputs.clean}}",
        **over,
    }


def inline(command: str = "true", **over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """A step that is its own component."""
    return {"type": "command", "command": command, "environment": "azureml:sklearn@latest", **over}


def pipeline(jobs: dict[str, Any], **over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """A pipeline job with an input of data and one with a value."""
    return {
        "type": "pipeline",
        "compute": "cpu-cluster",
        "inputs": {"raw": {"type": "uri_file", "path": "/project/raw.csv"}, "rate": 3},
        "outputs": {"final": {"type": "uri_folder", "name": "scores", "version": 4}},
        "jobs": jobs,
        **over,
    }


def read(jobs: dict[str, Any], **over: Any) -> Graph:  # noqa: ANN401 - YAML
    """Read a pipeline without registered components."""
    return read_pipeline(pipeline(jobs, **over), _no_component)


def _no_component(reference: str) -> dict[str, Any]:
    raise AssertionError(reference)
