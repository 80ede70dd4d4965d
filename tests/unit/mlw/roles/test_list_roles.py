"""`mlw roles list` on stack files that are written for the test, and the table of docs/roles.md."""

import json

import pytest

from infra.rules.roles.role_definitions import BUILT_IN
from infra.rules.roles.role_operations import OPERATIONS
from mlw.main import main
from tests.unit.states import VALID, Place
from tools.docs.roles_reference import FILE, render, updated

ASSIGNED = f"""{VALID}  ml-workspace:roleDefinitions: roles.yaml
  ml-workspace:roleAssignments:
  - {{principal: ana, role: reader}}
  - {{principal: bea, role: Puller}}
  - {{principal: ana, role: Puller}}
"""
ROLES = "- Name: Puller\n  Description: Pulls.\n  Actions: [Microsoft.ContainerRegistry/registries/pull/read]\n"


@pytest.fixture
def stack(place: Place) -> str:
    """A stack with two principals and a role of its own."""
    place.configure("churn", ASSIGNED)
    (place.stacks / "roles.yaml").write_text(ROLES, encoding="utf-8")
    return "churn"


def test_without_a_stack_every_role_and_every_operation_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roles", "list"]) == 0

    out = capsys.readouterr().out
    assert all(role.name in out and role.description in out for role in BUILT_IN)
    lines = {line.split()[0]: line for line in out.splitlines() if line.startswith("Microsoft.")}
    assert set(lines) == set(OPERATIONS)
    assert "Owner, PurgeOperator " in lines["Microsoft.KeyVault/vaults/secrets/purge/action"]


def test_a_stack_shows_its_own_roles_and_who_may_do_what(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roles", "list", stack]) == 0

    roles, ana, bea = capsys.readouterr().out.rstrip().split("\n\n")
    assert roles.splitlines()[1].split() == ["Puller", "-", "Pulls."]
    assert ana.splitlines()[0] == "ana (Reader, Puller)"
    assert bea.splitlines() == [
        "bea (Puller)",
        "  keyVault: nothing",
        "  storageAccount: nothing",
        "  containerRegistry: pull images and other artifacts",
        "  applicationInsights: nothing",
    ]


def test_json_has_roles_and_principals(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roles", "list", stack, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert [role["name"] for role in found["roles"]] == [*(role.name for role in BUILT_IN), "Puller"]
    assert [role["isCustom"] for role in found["roles"]] == [*(False for _ in BUILT_IN), True]
    assert found["principals"][1] == {
        "principal": "bea",
        "roles": ["Puller"],
        "operations": {
            "keyVault": [],
            "storageAccount": [],
            "containerRegistry": ["Microsoft.ContainerRegistry/registries/pull/read"],
            "applicationInsights": [],
        },
    }


def test_a_stack_without_principals_says_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.configure("churn")

    assert main(["roles", "list", "churn"]) == 0
    assert capsys.readouterr().out == "no principal: 'ml-workspace:roleAssignments' is empty\n"


def test_a_stack_file_that_is_not_valid_is_one_message(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.configure("churn", ASSIGNED)

    assert main(["roles", "list", "churn"]) == 1
    assert "ml-workspace:roleDefinitions is 'roles.yaml': the file cannot be read" in capsys.readouterr().err


def test_an_unknown_stack_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roles", "list", "nowhere"]) == 1
    assert "looking for stack 'nowhere'" in capsys.readouterr().err


def test_document_of_roles_is_what_the_services_do() -> None:
    text = FILE.read_text(encoding="utf-8")

    assert text == updated(text), "run: python -m tools.docs"
    assert render() in text


def test_document_of_roles_names_every_rule_that_a_reader_may_meet() -> None:
    text = FILE.read_text(encoding="utf-8")

    assert all(role.name in text for role in BUILT_IN)
    assert all(f"`{name}`" in text for name in OPERATIONS)
