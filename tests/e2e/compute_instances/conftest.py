"""A workspace with TLS and a compute instance, shared by the files of this folder."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.support.environment import Environment
from tests.support.instances import NAME, USER, MlwCompute
from tests.support.stacks import LiveStack, live_stack
from tests.support.studio import launch
from tests.support.studio_visitors import playwright
from tests.support.vault import write_secret

__all__ = ["playwright"]

READS, STARTS = (
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "Microsoft.MachineLearningServices/workspaces/computes/start/action",
)
CUSTOM_ROLES = [
    {
        "Name": "Notebook Reader",
        "Description": "Has an instance, and reads datastores.",
        "IsCustom": True,
        "Actions": [STARTS, "Microsoft.MachineLearningServices/workspaces/computes/read"],
        "DataActions": [READS],
    }
]
ROLES = {USER: "DataScientist", "bea": "Notebook Reader", "rea": "Reader"}


@pytest.fixture(scope="package")
def live(environment: Environment) -> Iterator[LiveStack]:
    """The running workspace."""
    definitions = environment.stack_folder / "roles-of-instances.yaml"
    definitions.write_text(json.dumps(CUSTOM_ROLES), encoding="utf-8")
    wanted = {
        "tls": True,
        "roleDefinitions": definitions.name,
        "tracking": {},
        "roleAssignments": [{"principal": name, "role": role} for name, role in ROLES.items()],
        "computes": [{"name": NAME, "type": "ComputeInstance", "assignedUser": USER, "vmSize": "STANDARD_DS2_V2"}],
    }
    with live_stack(environment, **wanted) as stack:
        write_secret(stack.outputs, "for-ana", {"value": "read-from-the-vault"})
        yield stack


@pytest.fixture(scope="package")
def container(live: LiveStack) -> str:
    return f"{live.outputs['workspace']['name']}-ci-{NAME}"


@pytest.fixture
def mlw(live: LiveStack) -> MlwCompute:
    """Runs `mlw compute VERB STACK ...`."""
    return lambda verb, *words: live.stack.environment.mlw("compute", verb, live.stack.name, *words)


@pytest.fixture
def running(live: LiveStack, mlw: MlwCompute) -> LiveStack:
    """The workspace, its instance running, whatever another test has done to it."""
    mlw("start", "--name", NAME).check()
    return live


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = launch(playwright, "--disable-features=LocalNetworkAccessChecks")
    yield started
    started.close()
