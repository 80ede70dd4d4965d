"""Whom a rotation concerns besides the stack itself."""

import pytest

from infra import services
from mlw.keys.sharers import is_sharer, tell_sharers
from mlw.stacks.stacks import open_stack
from tests.unit.states import SERVICES, Place, a_component, a_resource, a_workspace, resource_id


@pytest.fixture(autouse=True)
def sharing(place: Place) -> None:
    """Stack `churn`, and two stacks with a workspace that is tied to its resources."""
    place.deploy("churn")
    for stack, keys in (("fraud", tuple(SERVICES)), ("leads", ("storageAccount",))):
        tied = {key: resource_id("churn", key) for key in keys}
        inputs = {"name": f"mlw-{stack}", "resourceId": resource_id(stack, "workspace"), **tied}
        workspace = a_component("ml-workspace:machinelearningservices:Workspace", "w", stack=stack, inputs=inputs)
        users = a_resource(
            "users", pulumi_type="ml-workspace:storage:StoragePrincipals", stack=stack, inputs={"sharer": {"x": 1}}
        )
        place.deploy(stack, [*a_workspace(stack)[:1], workspace, users])


def test_sharers_of_a_key_vault_have_tokens_of_their_own_that_go_on() -> None:
    (said,) = tell_sharers(open_stack("churn"), {"keyVault"})

    assert "shared by stack 'fraud'" in said
    assert said.endswith("nothing to do.")


def test_sharers_of_a_storage_account_have_keys_of_their_own_that_go_on() -> None:
    (said,) = tell_sharers(open_stack("churn"), {"storage", "certificates"})

    assert said == (
        "The storage account 'stchurn' is shared by stacks 'fraud', 'leads': each has its own credentials there, "
        "which stay valid; nothing to do."
    )


@pytest.mark.parametrize(
    ("rotated", "what"),
    [
        ("registry", "container registry 'crchurn'"),
        ("telemetry", "application insights 'appi-churn'"),
        ("insights", "insights store 'appi-churn'"),
    ],
)
def test_sharers_that_have_the_owners_credentials_are_told_what_to_run(rotated: str, what: str) -> None:
    (said,) = tell_sharers(open_stack("churn"), {rotated})

    assert what in said
    assert "shared by stack 'fraud'" in said
    assert "`make up STACK=fraud`" in said


def test_a_new_authority_concerns_every_sharer_of_anything() -> None:
    said = list(tell_sharers(open_stack("churn"), {"authority"}))

    assert len(said) == len(services.REQUIRED)
    assert all("make up STACK=fraud" in sentence for sentence in said)
    assert "make up STACK=leads" in next(sentence for sentence in said if "storage account" in sentence)


def test_a_principal_and_a_service_that_nobody_shares_concern_nobody() -> None:
    assert list(tell_sharers(open_stack("churn"), {"dora"})) == []
    assert list(tell_sharers(open_stack("leads"), {"storage"})) == []


def test_a_sharer_is_known_by_its_users() -> None:
    assert [is_sharer(open_stack(name)) for name in ("churn", "fraud")] == [False, True]
