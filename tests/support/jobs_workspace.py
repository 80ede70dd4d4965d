"""One workspace with computes, tracking, inference and principals, shared by the files of a folder."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.host import package_folders
from tests.support.environment import Environment
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack, live_stack

_ML = "Microsoft.MachineLearningServices/workspaces"
CUSTOM_ROLES = [
    {
        "Name": "Data Curator",
        "Description": "Registers data that is in the datastores, and nothing else.",
        "IsCustom": True,
        "Actions": [f"{_ML}/data/versions/read", f"{_ML}/data/versions/write", f"{_ML}/data/versions/delete"],
        "DataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    },
    {
        "Name": "Job Submitter",
        "Description": "Submits and cancels jobs, and nothing else.",
        "IsCustom": True,
        "Actions": [f"{_ML}/jobs/read", f"{_ML}/jobs/write"],
    },
    {
        "Name": "Scorer",
        "Description": "What a deployment of an online endpoint reads.",
        "IsCustom": True,
        "DataActions": [
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        ],
    },
    {
        "Name": "Batch Invoker",
        "Description": "Invokes batch endpoints with data of its own, and nothing else.",
        "IsCustom": True,
        "Actions": [
            *(f"{_ML}/batchEndpoints/{one}" for one in ("read", "jobs/write")),
            *(f"{_ML}/jobs/{one}" for one in ("read", "write")),
        ],
        "DataActions": [
            f"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{one}" for one in ("read", "write")
        ],
    },
]
ROLES = {
    "data-scientist": "DataScientist", "reader": "Reader", "curator": "Data Curator", "submitter": "Job Submitter",
    "invoker": "Batch Invoker", "scorer": "Scorer",
}  # fmt: skip
"""Principal, named after what it is, to its role."""

Mlw = Callable[..., Finished]


@pytest.fixture(scope="package")
def jobs_stack(environment: Environment) -> Iterator[LiveStack]:
    """The running workspace, and the packages that its sweeps search with."""
    # Installed by the first sweep that needs them: on a slow machine longer than a command of a test may take.
    package_folders.SEARCH.ensure()
    definitions = environment.stack_folder / "roles-of-jobs.yaml"
    definitions.write_text(yaml.safe_dump(CUSTOM_ROLES), encoding="utf-8")
    wanted = {
        "tracking": {},
        "inference": {"identities": ["scorer"]},
        "computes": [{"name": "cpu-cluster", "type": "AmlCompute", "vmSize": "STANDARD_DS1_V2", "maxNodeCount": 2}],
        "roleDefinitions": definitions.name,
        "roleAssignments": [{"principal": name, "role": role} for name, role in ROLES.items()],
    }
    with live_stack(environment, **wanted) as stack:
        yield stack


@pytest.fixture
def mlw(jobs_stack: LiveStack) -> Mlw:
    """Runs `mlw GROUP VERB STACK ...`, as a principal if one is given."""
    environment = jobs_stack.stack.environment

    def call(group: str, verb: str, *words: str, principal: str = "") -> Finished:
        who = ("--principal", principal) if principal else ()
        command = ["mlw", group, verb, jobs_stack.stack.name, *words, *who]
        return run(command, cwd=environment.project, env=environment.variables)

    return call


def data_of(finished: Finished) -> Any:  # noqa: ANN401 - what a command prints as JSON
    return json.loads(finished.check().stdout)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with files for `az ml`: data, code, and a component."""
    (tmp_path / "my data" / "sub").mkdir(parents=True)
    (tmp_path / "my data" / "sub" / "übung.csv").write_text("1,2\n", encoding="utf-8")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print('trained')\n", encoding="utf-8")
    return tmp_path
