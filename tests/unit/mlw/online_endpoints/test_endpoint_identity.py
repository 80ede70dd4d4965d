"""`identity` in the words of Azure's YAML, and which principals it may name."""

import pytest

from mlw.online_endpoints import endpoint_identity
from mlw.stacks.stacks import Stack, open_stack
from tests.unit.states import Place, a_workspace, the_outputs

ID = "/subscriptions/0/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/scorer"
WORKSPACE = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw"


def assigned(*ids: str) -> dict[str, object]:
    return {"type": "user_assigned", "user_assigned_identities": [{"resource_id": one} for one in ids]}


@pytest.fixture
def stack(place: Place) -> Stack:
    held = [{"principal": one, "role": "Reader", "vaultPath": f"principals/{one}"} for one in ("scorer", "olga")]
    shown = the_outputs("dev", roleAssignments=held, endpointIdentities=["scorer"])
    place.deploy("dev", a_workspace("dev", outputs=shown))
    return open_stack("dev")


@pytest.mark.parametrize(
    ("given", "principal"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param({"type": "system_assigned"}, "", id="of the system"),
        pytest.param({"type": "none"}, "", id="none"),
        pytest.param("none", "", id="none as a word"),
        pytest.param("scorer", "scorer", id="a word"),
        pytest.param(assigned(ID), "scorer", id="a resource id"),
        pytest.param(assigned("scorer"), "scorer", id="a name"),
        pytest.param({**assigned(ID), "type": "UserAssigned"}, "scorer", id="Azure Resource Manager's words"),
        pytest.param({**assigned(ID), "type": "SystemAssigned, UserAssigned"}, "scorer", id="both"),
        pytest.param({**assigned(ID), "type": "none"}, "", id="none, with what was there before"),
    ],
)
def test_the_last_part_of_the_resource_id_is_the_principal(given: object, principal: str, stack: Stack) -> None:
    assert endpoint_identity.principal_of(given) == principal
    assert list(endpoint_identity.problems(given, stack)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "managed"}, "identity.type is 'managed'; allowed: none, system_assigned, user_assigned."),
        ({"user_assigned_identities": []}, "identity.type is ''; allowed: none, system_assigned, user_assigned."),
        (assigned(), "identity.user_assigned_identities has 0 entries"),
        (assigned(ID, ID), "identity.user_assigned_identities has 2 entries"),
        ([], "identity is []; write e.g. identity: {type: system_assigned}."),
        (assigned("olga"), "names 'olga', which is no identity for endpoints. Allowed: scorer. To allow it, add it to"),
        ("scorr", "which is no principal of the stack. Did you mean 'scorer'? Allowed: scorer."),
        (
            "nora",
            "with a role in 'ml-workspace:roleAssignments' (principals: olga, scorer), and run `make up STACK=dev`.",
        ),
    ],
)
def test_what_is_not_allowed_says_what_is(given: object, said: str, stack: Stack) -> None:
    (problem,) = endpoint_identity.problems(given, stack)

    assert said in problem


def test_what_the_system_assigns_gives_nothing_and_says_so() -> None:
    (notice,) = endpoint_identity.notices({"type": "system_assigned"})

    assert "gives the containers no credentials here" in notice
    assert list(endpoint_identity.notices(assigned(ID))) == []


def test_documents_are_azures() -> None:
    assert endpoint_identity.document("", WORKSPACE) == {"type": "none"}
    assert endpoint_identity.document("scorer", WORKSPACE) == assigned(ID.replace("resourcegroups", "resourceGroups"))
