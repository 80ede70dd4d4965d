"""One workspace with a tracking server and a principal for every role, shared by the files of this folder."""

from collections.abc import Iterator

import pytest
import yaml

from tests.support.environment import Environment
from tests.support.stacks import LiveStack, live_stack
from tests.support.tracking import TrackingClient

CUSTOM_ROLES = [
    {
        "Name": "Model Reviewer",
        "Description": "Reads everything, and decides what is registered.",
        "IsCustom": True,
        "Actions": [
            "Microsoft.MachineLearningServices/workspaces/*/read",
            "Microsoft.MachineLearningServices/workspaces/models/*",
        ],
        "NotActions": ["Microsoft.MachineLearningServices/workspaces/models/delete"],
    }
]

ROLES = {
    "owner": "Owner",
    "contributor": "Contributor",
    "reader": "Reader",
    "data-scientist": "DataScientist",
    "compute-operator": "ComputeOperator",
    "purge-operator": "PurgeOperator",
    "model-reviewer": "Model Reviewer",
}
"""Principal, named after what it is, to its role."""

LEAVER = "leaver"


def assignments(*without: str) -> list[dict[str, str]]:
    """Return the role assignments of the stack, some omitted."""
    wanted = {**ROLES, LEAVER: "Owner"}
    return [{"principal": principal, "role": role} for principal, role in wanted.items() if principal not in without]


@pytest.fixture(scope="package")
def tracked(environment: Environment) -> Iterator[LiveStack]:
    """The running workspace."""
    definitions = environment.stack_folder / "roles-of-tracking.yaml"
    definitions.write_text(yaml.safe_dump(CUSTOM_ROLES), encoding="utf-8")
    wanted = {"tracking": {}, "roleDefinitions": definitions.name, "roleAssignments": assignments()}
    with live_stack(environment, **wanted) as stack:
        yield stack


@pytest.fixture
def admin(tracked: LiveStack) -> TrackingClient:
    """A client with the stack's own login."""
    return TrackingClient.of(tracked.outputs)
