"""Roles of a whole stack file: definitions read from a file next to it, assignments resolved, all mistakes reported."""

import json
from pathlib import Path

import pytest
import yaml

from infra.rules.roles import role_operations as op
from infra.rules.violation import ConfigurationError, Violation
from infra.settings import Settings, load

TAGS = {"owner": "ml@example.org", "cost-center": "4711", "project": "churn"}
AUDITOR = "- Name: Auditor\n  DataActions: [Microsoft.KeyVault/vaults/secrets/readMetadata/action]\n"


def loaded(folder: Path, **keys: object) -> Settings:
    values: dict[str, object] = {"workload": "churn", "tags": TAGS} | keys
    config = {f"ml-workspace:{key}": v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}
    return load(config, stack="dev", folder=folder)


def refused(folder: Path, **keys: object) -> list[Violation]:
    with pytest.raises(ConfigurationError, match="nothing was created") as caught:
        loaded(folder, **keys)
    return list(caught.value.violations)


def test_an_assignment_has_the_roles_own_name_and_its_operations(tmp_path: Path) -> None:
    (tmp_path / "roles.yaml").write_text(AUDITOR, encoding="utf-8")

    settings = loaded(
        tmp_path,
        roleDefinitions="roles.yaml",
        roleAssignments=[{"principal": "ana", "role": "computeoperator"}, {"principal": "bea", "role": "AUDITOR"}],
    )

    first, second = settings.role_assignments
    assert (first.principal, first.role) == ("ana", "AzureML Compute Operator")
    assert op.COMPUTES_WRITE in first.operations
    assert (second.principal, second.role, second.operations) == ("bea", "Auditor", (op.SECRETS_READ_METADATA,))


def test_definitions_without_assignments_are_validated_as_well(tmp_path: Path) -> None:
    (tmp_path / "roles.yaml").write_text("- Name: Reader\n  Actions: ['*']\n", encoding="utf-8")

    (violation,) = refused(tmp_path, roleDefinitions="roles.yaml")

    assert violation.file == "stacks/roles.yaml"
    assert violation.key == "ml-workspace:roleDefinitions[0].Name"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "the file cannot be read: No such file or directory"),
        (b"{", "the file is neither YAML nor JSON"),
        (b"\xff\xfd", "it is not UTF-8 text"),
        (b"- Name: x\n  Name: y\n", "the key 'Name' occurs twice"),
    ],
    ids=["no file", "broken YAML", "no text", "a key twice"],
)
def test_an_unusable_file_is_reported_once_and_its_roles_are_not(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "roles.yaml").write_bytes(content)

    (violation,) = refused(
        tmp_path, roleDefinitions="roles.yaml", roleAssignments=[{"principal": "ana", "role": "Auditor"}]
    )

    assert violation.key == "ml-workspace:roleDefinitions"
    assert words in violation.message
    assert "\n" not in violation.message


def test_the_registrys_own_user_is_not_a_principal(tmp_path: Path) -> None:
    (violation,) = refused(tmp_path, roleAssignments=[{"principal": "crchurndevwesteurope001", "role": "Reader"}])

    assert violation.rule == "role-assignment-forbid-reserved-principal"


def test_wrong_structure_and_wrong_values_are_reported_together(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        environment="nowhere",
        roleAssignments=[
            {"principal": 7, "role": "Reader"},
            "ana",
            {"principal": "ana"},
            {"role": "Ownr"},
            {"principal": "ana", "role": "Reader", "scope": "/"},
        ],
    )

    assert sorted(violation.key for violation in found) == [
        "ml-workspace:environment",
        "ml-workspace:roleAssignments[0].principal",
        "ml-workspace:roleAssignments[1]",
        "ml-workspace:roleAssignments[2].role",
        "ml-workspace:roleAssignments[3].principal",
        "ml-workspace:roleAssignments[3].role",
        "ml-workspace:roleAssignments[4].scope",
    ]
    assert {violation.file for violation in found} == {"stacks/Pulumi.dev.yaml"}


def test_the_example_of_the_document_is_valid(tmp_path: Path) -> None:
    text = (Path(__file__).parents[4] / "docs" / "roles.md").read_text(encoding="utf-8")
    assigned, defined = (block.partition("```")[0] for block in text.split("```yaml\n")[1:])
    (tmp_path / "roles.yaml").write_text(defined, encoding="utf-8")
    given = {key.removeprefix("ml-workspace:"): value for key, value in yaml.safe_load(assigned)["config"].items()}

    settings = loaded(tmp_path, **given)

    assert [found.role for found in settings.role_assignments] == [
        "AzureML Data Scientist",
        "AzureML Compute Operator",
        "Secret Auditor",
    ]
