"""Whose token a query is sent with, and what is said where there is none."""

import pytest

from mlw.insights import access
from mlw.insights.access import NoQueryRightError, connect
from mlw.stacks.stacks import NotUpError, Stack, open_stack
from tests.unit.states import Place, a_workspace, the_outputs

URL = "https://127.0.0.1:20007"


def deployed(place: Place, monkeypatch: pytest.MonkeyPatch, **changed: object) -> Stack:
    """A stack with these outputs; its state is not decrypted."""
    place.deploy("churn", a_workspace("churn", outputs={**the_outputs("churn"), **changed}))
    monkeypatch.setattr(Stack, "credentials", lambda _self: {"insights": {"token": "own"}})
    return open_stack("churn")


@pytest.fixture
def stack(place: Place, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack that can be queried."""
    return deployed(place, monkeypatch, endpoints={"insights": URL}, certificateAuthority="-----BEGIN CERTIFICATE-----")


def test_a_stack_queries_with_its_own_token(stack: Stack) -> None:
    client = connect(stack)

    assert (client.endpoint, client.token) == (URL, "own")
    assert client.ca_certificate.startswith("-----BEGIN")
    assert "own" not in repr(client)


def test_a_principal_queries_with_its_token(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlw.keys.principal_credentials.credentials_of", lambda *_: {"insightsToken": "doras"})

    assert connect(stack, "dora").token == "doras"


def test_a_principal_whose_role_may_not_query_is_told(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlw.keys.principal_credentials.credentials_of", lambda *_: {"telemetryToken": "t"})

    with pytest.raises(NoQueryRightError, match=r"as principal 'olga': its role does not allow queries"):
        connect(stack, "olga")


def test_a_stack_without_the_endpoint_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = deployed(place, monkeypatch, endpoints={"storage": URL})

    with pytest.raises(NotUpError, match=r"by a version that cannot be queried\. Run `make up STACK=churn`"):
        connect(stack)


def test_names_are_those_of_the_outputs() -> None:
    assert (access.ENDPOINT, access.CREDENTIALS) == ("insights", "insights")
