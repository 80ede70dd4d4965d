"""One workspace with a principal for every role, shared by the files of this folder.

It has TLS, as a careful team would run it; `test_role_credentials` adds a workspace without TLS, and other files test
principals of plain workspaces.
"""

from collections.abc import Iterator

import pytest
import yaml

from tests.support.environment import Environment
from tests.support.principals import Person, person
from tests.support.role_attempts import Admin, Scene
from tests.support.stacks import LiveStack, live_stack

_READ_METADATA = "Microsoft.KeyVault/vaults/secrets/readMetadata/action"

CUSTOM_ROLES = [
    {
        "Name": "Secret Auditor",
        "Description": "Reads secrets and blobs, and changes nothing.",
        "IsCustom": True,
        "Actions": ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
        "DataActions": [
            _READ_METADATA,
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        ],
    }
]

ROLES = {
    "owner": ["Owner"],
    "contributor": ["Contributor"],
    "reader": ["Reader"],
    "data-scientist": ["AzureML Data Scientist"],
    "compute-operator": ["ComputeOperator"],
    "secret-auditor": ["Secret Auditor"],
    "reader-and-compute-operator": ["reader", "AzureML Compute Operator"],
    "purge-operator": ["PurgeOperator"],
}
"""Principal, named after what it is, to its roles."""

OTHERS = {"bystander": "DataScientist", "leaver": "Owner", "demoted": "DataScientist"}
"""Principals for the tests in which assignments change."""


def assignments(*without: str, **changed: str) -> list[dict[str, str]]:
    """Return the role assignments of the stack, some omitted and some with another role."""
    wanted = [(principal, role) for principal, roles in ROLES.items() for role in roles]
    wanted += ({**OTHERS, **changed}).items()
    return [{"principal": principal, "role": role} for principal, role in wanted if principal not in without]


@pytest.fixture(scope="package")
def roles_stack(environment: Environment) -> Iterator[LiveStack]:
    """A running workspace with its principals."""
    definitions = environment.stack_folder / "roles-of-tests.yaml"
    definitions.write_text(yaml.safe_dump(CUSTOM_ROLES), encoding="utf-8")
    wanted = {"tls": True, "roleDefinitions": definitions.name, "roleAssignments": assignments()}
    with live_stack(environment, **wanted) as stack:
        yield stack


@pytest.fixture(scope="package")
def roles_admin(roles_stack: LiveStack) -> Admin:
    """The workspace's own clients."""
    return Admin(roles_stack.outputs)


@pytest.fixture(scope="package")
def people(roles_stack: LiveStack) -> dict[str, Person]:
    """Every principal of the workspace, with the clients that it keeps through the tests."""
    return {name: person(roles_stack.outputs, name) for name in (*ROLES, *OTHERS)}


@pytest.fixture
def scene(roles_admin: Admin, marker: str) -> Scene:
    """The workspace as its owner sees it."""
    return Scene(roles_admin, marker)
