"""Role definition files: what is accepted as a role, and what is rejected with which message."""

import pytest

from infra.rules.roles import role_operations as op
from infra.rules.roles.role_definition_files import (
    FILE,
    FORMAT,
    NAME,
    OPERATION,
    WHOLE_PUSH,
    RoleFile,
    no_file,
    read_roles,
)
from infra.rules.violation import Violation

AUDITOR = {
    "Name": "Secret Auditor",
    "Description": "Sees which secrets there are.",
    "IsCustom": True,
    "Actions": ["*/read"],
    "NotActions": [op.IMAGES_PULL],
    "DataActions": ["Microsoft.KeyVault/vaults/secrets/*"],
    "NotDataActions": ["*/purge/action", op.SECRETS_SET],
}


def parsed(*entries: object) -> RoleFile:
    return read_roles(list(entries), path="roles.yaml")


def refused(entry: object) -> Violation:
    file = parsed(entry)
    assert file.roles == ()
    (violation,) = file.violations
    assert violation.file == "stacks/roles.yaml"
    return violation


def test_a_definition_in_the_azure_format_is_a_role() -> None:
    file = parsed(AUDITOR)

    (role,) = file.roles
    assert file.violations == ()
    assert (role.name, role.description, role.is_custom) == ("Secret Auditor", "Sees which secrets there are.", True)
    assert {op.SECRETS_GET, op.DATASTORES_READ} <= role.operations
    assert not role.operations & {op.IMAGES_PULL, op.SECRETS_PURGE, op.SECRETS_SET, op.BLOBS_READ}


def test_a_single_definition_is_a_valid_file() -> None:
    assert [role.name for role in read_roles(AUDITOR, path="r.json").roles] == ["Secret Auditor"]


def test_name_and_one_operation_are_enough() -> None:
    (role,) = parsed({"Name": "Puller", "Actions": [op.IMAGES_PULL.upper()]}).roles

    assert role.operations == {op.IMAGES_PULL}


@pytest.mark.parametrize(
    ("change", "rule", "key", "words"),
    [
        ({"Name": None}, FORMAT, "Name", "missing"),
        ({"Name": "  "}, FORMAT, "Name", "it is not a string"),
        ({"Name": 7}, FORMAT, "Name", "it is not a string"),
        ({"Name": "Reader"}, NAME, "Name", "a built-in role has this name"),
        ({"Name": "DATASCIENTIST"}, NAME, "Name", "a built-in role has this name"),
        ({"Description": 7}, FORMAT, "Description", "it is not a string"),
        ({"IsCustom": False}, FORMAT, "IsCustom", "roles in a file are custom roles"),
        ({"Actions": "*/read"}, FORMAT, "Actions", "it is not a list"),
        ({"Actions": ["*/read", 7]}, FORMAT, "Actions[1]", "it is not a string"),
        ({"actions": []}, FORMAT, "actions", "did you mean 'Actions'?"),
        ({"AssignableScopes": ["/"]}, FORMAT, "AssignableScopes", "remove the key"),
        ({"Actions": ["*/raed"]}, OPERATION, "Actions[0]", "it matches no supported operation"),
        (
            {"DataActions": ["Microsoft.KeyVault/vaults/secrets/getSecrets/action"]},
            OPERATION,
            "DataActions[0]",
            f"did you mean '{op.SECRETS_GET}'?",
        ),
        ({"NotDataActions": ["*/prge/action"]}, OPERATION, "NotDataActions[0]", "it matches no supported operation"),
        ({"Actions": [op.SECRETS_GET]}, OPERATION, "Actions[0]", "move it to 'DataActions'"),
        ({"DataActions": [op.IMAGES_PULL]}, OPERATION, "DataActions[0]", "move it to 'Actions'"),
        ({"NotActions": [op.SECRETS_GET]}, OPERATION, "NotActions[0]", "move it to 'NotDataActions'"),
        ({"Actions": [], "DataActions": []}, FORMAT, "Actions", "the role allows nothing"),
        ({"NotActions": ["*"], "NotDataActions": ["*"]}, FORMAT, "Actions", "the role allows nothing"),
        ({"Actions": [op.IMAGES_PULL, op.IMAGES_PUSH], "NotActions": []}, WHOLE_PUSH, "Actions", op.IMAGES_DELETE),
        ({"Actions": [op.IMAGES_PUSH, op.IMAGES_DELETE]}, WHOLE_PUSH, "Actions", op.IMAGES_PULL),
    ],
    ids=[
        "no name", "a blank name", "a number as name", "name of a built-in role", "alias of a built-in role",
        "a number as description", "not custom", "text where a list is needed", "a number in a list",
        "a key in another case", "scopes", "a pattern that matches nothing", "a misspelt operation",
        "a misspelt exception", "a data operation among actions", "an action among data operations",
        "a data operation among exceptions", "nothing at all", "everything excluded", "push without delete",
        "push without pull",
    ],
)  # fmt: skip
def test_mistake_in_a_definition_is_reported_with_its_position(
    change: dict[str, object], rule: str, key: str, words: str
) -> None:
    entry = {key: value for key, value in (AUDITOR | change).items() if value is not None}

    violation = refused(entry)

    assert (violation.rule, violation.key) == (rule, f"roleDefinitions[0].{key}")
    assert words in violation.message


def test_second_role_of_a_name_is_refused_and_names_the_first() -> None:
    file = parsed(AUDITOR, {"Name": "SECRET auditor", "Actions": ["*"]})

    (violation,) = file.violations
    assert (violation.rule, violation.key) == (NAME, "roleDefinitions[1].Name")
    assert "the definition [0] has this name" in violation.message
    assert [role.name for role in file.roles] == ["Secret Auditor"]


@pytest.mark.parametrize("entry", ["Reader", 7, None, ["x"]], ids=str)
def test_an_entry_that_is_not_a_mapping_is_rejected(entry: object) -> None:
    assert refused(entry).key == "roleDefinitions[0]"


@pytest.mark.parametrize("document", [None, [], "text", 7], ids=["an empty file", "an empty list", "text", "a number"])
def test_a_file_without_definitions_is_refused(document: object) -> None:
    (violation,) = read_roles(document, path="roles.yaml").violations

    assert (violation.rule, violation.key, violation.value) == (FILE, "roleDefinitions", "roles.yaml")
    assert "contains no role definition" in violation.message


def test_a_file_that_cannot_be_read_is_refused_with_the_reason() -> None:
    (violation,) = no_file("roles.yaml", "No such file or directory").violations

    assert "No such file or directory" in violation.message
    assert "create 'stacks/roles.yaml'" in violation.message


def test_all_mistakes_are_reported_together() -> None:
    file = parsed({"Actions": ["x"], "colour": "red"}, AUDITOR, "Reader")

    assert [violation.key for violation in file.violations] == [
        "roleDefinitions[0].colour",
        "roleDefinitions[0].Name",
        "roleDefinitions[0].Actions[0]",
        "roleDefinitions[2]",
    ]
    assert len(file.roles) == 1


def test_likely_secrets_are_not_shown() -> None:
    violation = refused(AUDITOR | {"password": "hunter2"})

    assert "hunter2" not in violation.message
