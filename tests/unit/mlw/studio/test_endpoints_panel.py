"""The page of online endpoints: what it shows, a request to try, and traffic that is saved or not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from infra.clients.service_connection import ServiceConnection
from mlw.activity import recording
from mlw.activity.recorded import Recorded
from mlw.online_endpoints import deployed_models, invoking, publishing
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.stacks.stacks import Stack
from mlw.studio import endpoint_section
from tests.support.example_endpoints import ExampleEndpoints
from tests.unit.mlw.studio.conftest import PORT, STACK

PAGE = f"/stacks/{STACK}/endpoints"
ONE = f"{PAGE}?endpoint=churn"
OWN = {"Origin": f"http://127.0.0.1:{PORT}"}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What was published and recorded."""
    found: list[dict[str, str]] = []

    @contextmanager
    def recorded(_context: object, records: Recorded, arguments: dict[str, str]) -> Iterator[dict[str, str]]:
        found.append({**arguments, "operation": records.operation.rpartition("/")[2]})
        yield {}

    monkeypatch.setattr(recording, "recorded", recorded)
    monkeypatch.setattr(publishing, "publish", lambda _workspace: found.append({"published": "yes"}))
    return found


def save(browser: TestClient, before: str = "blue=90 green=10", **shares: int) -> Response:
    given = {f"share.{name}": str(share) for name, share in shares.items()}
    return browser.post(PAGE, data={"action": "traffic", "endpoint": "churn", "before": before, **given}, headers=OWN)


def test_a_deployment_has_its_state_its_share_and_its_last_minutes(browser: TestClient) -> None:
    text = " ".join(browser.get(ONE).text.split())

    blue, green = text.split('<td class="name">blue</td>')[1], text.split('<td class="name">green</td>')[1]
    assert all(word in blue[:900] for word in ("Succeeded", "90 %", "1/1", "8.57", "1.7", "9.1", "44"))
    assert all(word in green[:500] for word in ("Failed", "10 %", "0/1"))
    assert "12 345 more were refused" in text
    assert 'name="share.blue" min="0" max="100" step="1" value="90"' in text


def test_traffic_is_saved_as_the_command_saves_it(
    browser: TestClient, endpoints: ExampleEndpoints, published: list[dict[str, str]]
) -> None:
    response = save(browser, blue=30, green=70)

    assert (response.status_code, response.headers["location"]) == (303, ONE)
    assert endpoints.records.endpoint("churn").traffic == {"blue": 30, "green": 70}
    assert published == [{"stack": STACK, "name": "churn", "operation": "write"}, {"published": "yes"}]


def test_shares_that_do_not_add_up_change_nothing(
    browser: TestClient, endpoints: ExampleEndpoints, published: list[dict[str, str]]
) -> None:
    text = save(browser, blue=30, green=30).text

    assert "Nothing was changed" in text
    assert "add up to 60" in text
    assert endpoints.records.endpoint("churn").traffic == {"blue": 90, "green": 10}
    assert {"published": "yes"} not in published


def test_traffic_that_somebody_else_changed_is_kept(
    browser: TestClient, endpoints: ExampleEndpoints, published: list[dict[str, str]]
) -> None:
    text = save(browser, before="blue=100", blue=30, green=70).text

    assert "somebody changed it" in text
    assert endpoints.records.endpoint("churn").traffic == {"blue": 90, "green": 10}
    assert {"published": "yes"} not in published


def test_a_request_is_sent_with_the_key_of_the_endpoint(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, bytes, str]] = []

    def invoke(_workspace: object, endpoint: str, body: bytes, *, deployment: str) -> str:
        sent.append((endpoint, body, deployment))
        return '{"sum": "<b>3"}'

    monkeypatch.setattr(invoking, "invoke", invoke)
    form = {"action": "test", "endpoint": "churn", "deployment": "green", "body": '{"data": [1, 2]}'}

    text = browser.post(PAGE, data=form, headers=OWN).text

    assert sent == [("churn", b'{"data": [1, 2]}', "green")]
    assert "&lt;b&gt;3" in text
    assert "{&#34;data&#34;: [1, 2]}</textarea>" in text
    assert "<option selected>green" in text


def test_an_error_of_the_model_is_shown(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def invoke(*_given: object, **_options: object) -> str:
        raise EndpointError("it returned 500: <b>")

    monkeypatch.setattr(invoking, "invoke", invoke)

    text = browser.post(PAGE, data={"action": "test", "endpoint": "churn", "body": "{}"}, headers=OWN).text

    assert "it returned 500: &lt;b&gt;" in text


def test_the_sample_of_the_model_is_offered(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.dumps({"data": []}).replace('"', "&#34;") in browser.get(ONE).text
    monkeypatch.setattr(ExampleEndpoints, "tracking", lambda _self: None, raising=False)
    monkeypatch.setattr(deployed_models, "sample", lambda *_given: b"")
    assert "log it with `input_example`" in browser.get(f"{ONE}&sample=yes").text

    monkeypatch.setattr(deployed_models, "sample", lambda *_given: b'{"dataframe_split": {}}')
    assert "dataframe_split" in browser.get(f"{ONE}&sample=yes").text


def test_a_workspace_without_a_front_says_how_to_get_one(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_section, "has_front", lambda _access: False)

    assert "ml-workspace:inference: {}" in browser.get(PAGE).text


def test_the_credentials_of_the_page_are_used_and_none_are_decrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "credentials", lambda _stack: pytest.fail("they are known"))
    held = ({"storage": "http://127.0.0.1:1"}, {"storage": {"accessKey": "a"}})
    stack = Stack.__new__(Stack)
    monkeypatch.setattr(Stack, "ca_certificate", "", raising=False)

    found = EndpointWorkspace(stack, "dora", lambda _: None, held)

    assert found.connection == ServiceConnection(endpoint="http://127.0.0.1:1", credentials={"accessKey": "a"})
