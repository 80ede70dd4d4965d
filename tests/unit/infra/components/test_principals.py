"""Principals of a program: one secret resource for each, with any number of roles; combined rights; no plain text."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks

from infra import settings
from infra.components.principal import Principal
from infra.components.principals import list_assignments, make_principals
from tests.support.mocks import TOKENS, RecordingMocks, Registered

CONFIG = {
    "ml-workspace:workload": "churn",
    "ml-workspace:tags": '{"owner": "a@example.org", "cost-center": "4711", "project": "churn"}',
    "ml-workspace:roleAssignments": """[
        {"principal": "ana", "role": "Reader"},
        {"principal": "bea", "role": "DataScientist"},
        {"principal": "ana", "role": "ComputeOperator"},
        {"principal": "cleo", "role": "PurgeOperator"}
    ]""",
    "ml-workspace:inference": '{"identities": ["bea"]}',
}


class Made:
    """The resources of one run of the program."""

    def __init__(self) -> None:
        self.principals: Sequence[Principal] = ()
        self.registered: list[Registered] = []


@pytest.fixture(scope="module")
def made(event_loops: None) -> Made:
    """Create the principals once."""
    recording, result = RecordingMocks(), Made()
    pulumi.runtime.set_mocks(recording, project="ml-workspace", stack="dev")

    @pulumi_mocks.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[Any]:
        parent, after = (pulumi.ComponentResource("ml-workspace:test:Group", name) for name in ("parent", "after"))
        result.principals = make_principals(
            settings.load(CONFIG, stack="dev"),
            workspace_id=pulumi.Output.from_input("guid"),
            after=after,
            parent=parent,
        )
        return pulumi.Output.all(*[principal.secrets for principal in result.principals])

    program()
    result.registered = recording.of_type(TOKENS["GeneratedSecrets"])
    return result


def test_each_assignment_is_listed_with_the_place_of_the_principals_credentials() -> None:
    assert list_assignments(settings.load(CONFIG, stack="dev")) == [
        {"principal": "ana", "role": "Reader", "vaultPath": "principals/ana"},
        {"principal": "bea", "role": "AzureML Data Scientist", "vaultPath": "principals/bea"},
        {"principal": "ana", "role": "AzureML Compute Operator", "vaultPath": "principals/ana"},
        {"principal": "cleo", "role": "Key Vault Purge Operator", "vaultPath": "principals/cleo"},
    ]


def test_each_principal_has_one_resource_of_secrets_named_after_it(made: Made) -> None:
    workspace = "mlw-churn-dev-westeurope-001"

    assert sorted(resource.name for resource in made.registered) == [
        f"{workspace}-principal-{name}" for name in ("ana", "bea", "cleo")
    ]
    assert all(resource.inputs["hashed"] == ["registry"] for resource in made.registered)


def test_several_roles_of_a_principal_add_up(made: Made) -> None:
    ana = made.principals[0]

    assert (ana.name, ana.registry, ana.telemetry, ana.reads_insights) == ("ana", "pull", True, True)
    assert ana.storage_policy is not None
    assert 'path "secret/data/computes/*"' in ana.vault_policy
    assert 'path "datastores/metadata/+"' in ana.vault_policy
    assert 'path "datastores/data/+"' not in ana.vault_policy


def test_each_principal_reads_its_own_credentials(made: Made) -> None:
    for principal in made.principals:
        assert f'path "principals/data/{principal.name}"' in principal.vault_policy
        assert principal.vault_policy.count('path "principals/') == 1


def test_principals_without_rights_in_a_service_are_unknown_there(made: Made) -> None:
    cleo = made.principals[2]

    assert (cleo.storage_policy, cleo.registry, cleo.telemetry) == (None, "none", False)
    assert not cleo.reads_insights


def test_only_tokens_of_identities_of_endpoints_can_be_renewed_without_end(made: Made) -> None:
    assert [principal.name for principal in made.principals if principal.is_compute] == ["bea"]
