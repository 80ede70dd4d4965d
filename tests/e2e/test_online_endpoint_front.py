"""The front of online endpoints in a workspace with TLS: keys, traffic, changes under load, and what insights say."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from docker import DockerClient

from infra.clients.engine import container_usage
from tests.support.ca_certificates import ca_file
from tests.support.environment import Environment
from tests.support.model_servers import PORT, digest, model_servers, publish
from tests.support.probes import probe_during, probe_until
from tests.support.stacks import LiveStack, live_stack

KEYS = ("primary-key", "secondary-key")
HEADER = "azureml-model-deployment"
REQUESTS = 1000
CLIENTS, RATE, SECONDS = 4, 50, 6
"""Load while endpoints change: clients, requests per second of all, and for how long."""
MOST_MIB = 12
"""Memory of the front, idle and under load."""


@dataclass(frozen=True)
class Client:
    """A client of one endpoint."""

    outputs: dict[str, Any]
    session: requests.Session

    def ask(self, endpoint: str, key: str = KEYS[0], path: str = "score", **headers: str) -> requests.Response:
        """Send a request, on a connection that stays open."""
        return self.session.post(
            f"{self.outputs['endpoints']['inference']}/{endpoint}/{path}",
            data=b"{}",
            headers={"Authorization": f"Bearer {key}", **headers},
            timeout=30,
        )


@pytest.fixture(scope="module")
def live(environment: Environment, engine: DockerClient) -> Iterator[LiveStack]:
    """A running workspace with two servers of models, which no endpoint uses yet."""
    with live_stack(environment, tls=True, inference={}) as stack:
        network = stack.outputs["resourceGroup"]["name"]
        with model_servers(engine, stack.stack, network, ["blue", "green"]):
            yield stack


@pytest.fixture
def client(live: LiveStack) -> Iterator[Client]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = ca_file(live.outputs) or True
        yield Client(live.outputs, session)


def deployment(name: str, weight: int, **more: object) -> dict[str, Any]:
    return {"name": name, "upstreams": [f"{name}:{PORT}"], "weight": weight, "timeout_seconds": 2.0, **more}


def endpoint(name: str, *deployments: dict[str, Any], keys: tuple[str, ...] = KEYS) -> dict[str, Any]:
    return {"name": name, "key_hashes": [digest(key) for key in keys], "deployments": deployments}


def code(response: requests.Response) -> tuple[int, str]:
    """Return status and reason."""
    return response.status_code, str(response.json()["error"]["code"])


def test_insights_count_every_request_by_deployment_and_status(live: LiveStack, client: Client, marker: str) -> None:
    name = f"e{marker}"[:20].lower()
    split = endpoint(name, deployment("blue", 90), deployment("green", 10, mirror=0))
    publish(live.stack, split, endpoint("other", deployment("blue", 100), keys=("other-key",)))

    served = Counter(client.ask(name, KEYS[number % 2]).headers[HEADER] for number in range(REQUESTS))
    refused = [client.ask(name, "other-key"), client.ask(name, "wrong"), client.ask(name, "")]
    slow = client.ask(name, **{"x-seconds": "5"})

    assert abs(served["blue"] - 900) <= 30
    assert {code(response) for response in refused} == {(401, "Unauthorized")}
    assert code(slow) == (504, "Timeout")
    assert client.ask(name, **{HEADER: "green"}).text == "green /score False"
    expected = {
        **{(one, "200"): count for one, count in served.items()},
        ("", "401"): 3,
        (slow.headers[HEADER], "504"): 1,
    }
    expected["green", "200"] += 1

    def counted() -> None:
        told = live.stack.environment.mlw("insights", "endpoints", live.stack.name, "--endpoint", name, "-o", "json")
        rows = json.loads(told.check().stdout)
        assert {(row["deployment"], row["resultCode"]): row["count"] for row in rows} == expected

    probe_until(counted, what="all requests are in application insights", timeout_seconds=60)


def test_what_does_not_exist_is_said_in_json(live: LiveStack, client: Client) -> None:
    publish(live.stack, endpoint("churn", deployment("blue", 0), deployment("green", 0, upstreams=[])))

    assert code(client.ask("unknown")) == (404, "EndpointNotFound")
    assert code(client.ask("churn", **{HEADER: "red"})) == (404, "DeploymentNotFound")
    assert code(client.ask("churn")) == (503, "NoTraffic")
    assert code(client.ask("churn", **{HEADER: "green"})) == (503, "NoInstance")
    assert client.ask("churn", "", path="").status_code == 200


def test_keys_and_traffic_change_under_load_without_a_failed_request(live: LiveStack, client: Client) -> None:
    publish(live.stack, endpoint("churn", deployment("blue", 100)))
    statuses: list[int] = []

    def send() -> None:
        statuses.append(client.ask("churn", KEYS[1]).status_code)

    with ThreadPoolExecutor(CLIENTS) as pool:
        sending = [
            pool.submit(probe_during, send, seconds=SECONDS, interval_seconds=CLIENTS / RATE) for _ in range(CLIENTS)
        ]
        changes = 0
        while not all(one.done() for one in sending):
            changes += 1
            both = (deployment("blue", 50), deployment("green", 50)) if changes % 2 else (deployment("green", 100),)
            publish(live.stack, endpoint("churn", *both, keys=(f"rotated-{changes}", KEYS[1])))
            assert client.ask("churn", f"rotated-{changes}").status_code == 200
            assert client.ask("churn", KEYS[0]).status_code == 401
        assert not [one.result() for one in sending if one.result()]

    assert changes > 1
    assert set(statuses) == {200}, Counter(statuses)


def test_after_a_restart_the_front_serves_what_was_published_last(
    live: LiveStack, client: Client, engine: DockerClient
) -> None:
    publish(live.stack, endpoint("churn", deployment("green", 100)))
    engine.api.restart(live.container_of("inference"), timeout=10)

    probe_until(lambda: client.ask("churn").raise_for_status(), what="the front serves again")

    front = live.container_of("inference")
    assert client.ask("churn").text == "green /score False"
    assert container_usage.usage_of([front])[front].memory <= MOST_MIB << 20


def test_its_token_for_telemetry_is_replaced_without_losing_a_request(
    live: LiveStack, client: Client, engine: DockerClient, marker: str
) -> None:
    name, front = f"r{marker}"[:20].lower(), live.container_of("inference")
    publish(live.stack, endpoint(name, deployment("blue", 100)))
    tokens, ended, statuses = token_of(engine, front), threading.Event(), list[int]()

    def send() -> None:
        while not ended.wait(CLIENTS / RATE):
            statuses.append(client.ask(name).status_code)

    started = engine.api.inspect_container(front)["State"]["StartedAt"]
    with ThreadPoolExecutor(CLIENTS) as pool:
        sending = [pool.submit(send) for _ in range(CLIENTS)]
        try:
            live.stack.environment.mlw("keys", "rotate", live.stack.name, "--service", "telemetry").check()
        finally:
            ended.set()
        for one in sending:
            one.result()
    memory = container_usage.usage_of([front])[front].memory

    assert token_of(engine, front) != tokens
    assert engine.api.inspect_container(front)["State"]["StartedAt"] == started
    assert set(statuses) == {200}, Counter(statuses)
    assert memory <= MOST_MIB << 20

    def counted() -> None:
        told = live.stack.environment.mlw("insights", "endpoints", live.stack.name, "--endpoint", name, "-o", "json")
        rows = [(row["deployment"], row["resultCode"], row["count"]) for row in json.loads(told.check().stdout)]
        assert rows == [("blue", "200", len(statuses))]

    probe_until(counted, what="all requests are in application insights", timeout_seconds=60)


def token_of(engine: DockerClient, front: str) -> bytes:
    """The file with the token that the front sends spans with."""
    found = engine.containers.get(front).exec_run(["cat", "/etc/inference/live/telemetry-token"])
    assert isinstance(found.output, bytes)
    assert (found.exit_code, bool(found.output)) == (0, True)
    return found.output


def test_keys_are_neither_in_the_log_nor_shown_by_the_engine(
    live: LiveStack, client: Client, engine: DockerClient
) -> None:
    publish(live.stack, endpoint("churn", deployment("blue", 100)))
    client.ask("churn")
    container = engine.containers.get(live.container_of("inference"))
    log = container.logs().decode()

    assert '"uri":"/churn/score"' in log
    assert not [key for key in KEYS if key in log]
    assert "Bearer" not in str(engine.api.inspect_container(str(container.name)))
