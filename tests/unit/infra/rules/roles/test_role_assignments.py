import pytest

from infra.rules.roles.role_assignments import (
    KNOWN_ROLE,
    PRINCIPAL,
    RESERVED,
    UNIQUE,
    check_assignments,
    check_principal,
)
from infra.rules.roles.role_definitions import RoleDefinition

AUDITOR = RoleDefinition(name="Auditor", description="")


@pytest.mark.parametrize("name", ["abc", "churn-team", "a.b_c-d", "123", "0" * 64])
def test_legal_principal_passes(name: str) -> None:
    assert check_principal(name, taken=["crchurn001"]) == []


@pytest.mark.parametrize(
    ("name", "found", "fix"),
    [
        ("ab", "it has 2 characters", "rename the principal"),
        ("", "it has 0 characters", "rename the principal"),
        ("a" * 65, "it has 65 characters", f"e.g. to '{'a' * 64}'"),
        ("Churn-Team", "it contains 'C', 'T'", "e.g. to 'churn-team'"),
        ("ana@example.org", "it contains '@'", "e.g. to 'ana-example.org'"),
        ("ana:x", "it contains ':'", "e.g. to 'ana-x'"),
        ("ana team", "it contains ' '", "e.g. to 'ana-team'"),
        ("a=b,c", "it contains ',', '='", "e.g. to 'a-b-c'"),
        ("../x/y", "it contains '/'", "e.g. to 'x-y'"),
        ("anä", "it contains 'ä'", "rename the principal"),
        ("ana\n", "it contains '\\n'", "e.g. to 'ana'"),
        ("-ana", "it starts or ends with '.', '_' or '-'", "e.g. to 'ana'"),
        ("ana.", "it starts or ends with '.', '_' or '-'", "e.g. to 'ana'"),
    ],
    ids=[
        "too short", "empty", "too long", "upper case", "an e-mail address", "a colon", "a blank", "MinIO's separators",
        "a path", "an umlaut", "a line break", "begins with a dash", "ends with a dot",
    ],
)  # fmt: skip
def test_illegal_principal_is_refused_with_a_legal_proposal(name: str, found: str, fix: str) -> None:
    (violation,) = check_principal(name)

    assert violation.rule == PRINCIPAL
    assert violation.found == found
    assert fix in violation.fix
    assert "3-64 characters" in violation.allowed


@pytest.mark.parametrize("name", ["root", "admin", "default", "administrator", "provisioner", "crchurn001"])
def test_names_that_services_have_for_themselves_are_refused(name: str) -> None:
    (violation,) = check_principal(name, taken=["crchurn001"])

    assert violation.rule == RESERVED
    assert "crchurn001" in violation.allowed


def test_a_principal_may_have_several_roles_and_a_role_several_principals() -> None:
    entries = [
        {"principal": "ana", "role": "Reader"},
        {"principal": "ana", "role": "ComputeOperator"},
        {"principal": "bea", "role": "reader"},
        {"principal": "bea", "role": "auditor"},
    ]

    assert check_assignments(entries, [AUDITOR]) == []


def test_the_same_role_twice_is_refused_however_it_is_spelt() -> None:
    entries = [
        {"principal": "ana", "role": "DataScientist"},
        {"principal": "bea", "role": "DataScientist"},
        {"principal": "ana", "role": "azureml data scientist"},
    ]

    (violation,) = check_assignments(entries)

    assert (violation.rule, violation.key) == (UNIQUE, "roleAssignments[2].role")
    assert violation.found == "roleAssignments[0] already assigns this role to 'ana'"


def test_unknown_role_is_refused_with_a_proposal_and_all_roles() -> None:
    (violation,) = check_assignments([{"principal": "ana", "role": "Data Scientist"}], [AUDITOR])

    assert (violation.rule, violation.key) == (KNOWN_ROLE, "roleAssignments[0].role")
    assert violation.allowed == (
        "Owner, Contributor, Reader, DataScientist, ComputeOperator, PurgeOperator, ComputeIdentity, Auditor"
    )
    assert violation.fix == "did you mean 'DataScientist'? Set 'role' to it"


def test_role_like_no_other_is_refused_without_a_proposal() -> None:
    (violation,) = check_assignments([{"principal": "ana", "role": "xyzzy"}])

    assert violation.fix == "set 'role' to one of them"


def test_role_that_an_unreadable_file_may_define_is_not_rejected_as_well() -> None:
    assert check_assignments([{"principal": "ana", "role": "Auditor"}], custom_is_known=False) == []


def test_all_violations_are_reported_together() -> None:
    found = check_assignments([{"principal": "X", "role": "Reeder"}, {"principal": "root"}, {"role": "Ownr"}])

    assert [violation.key for violation in found] == [
        "roleAssignments[0].principal",
        "roleAssignments[0].role",
        "roleAssignments[1].principal",
        "roleAssignments[2].role",
    ]
