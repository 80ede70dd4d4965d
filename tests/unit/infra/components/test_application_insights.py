"""The configuration files that the program writes for the collector and the insights store."""

import json
from typing import Any

import pytest
import yaml

from infra import settings
from infra.components import application_insights, insights_store
from infra.components.provisioning_context import AvailabilityTest
from tests.support.mocks import TOKENS
from tests.unit.infra.test_program import CONFIG, CONTAINER, Run, run_program

QUEUE = "otlp_http/queue"
ROLES = [
    {"principal": "rita", "role": "Reader"},
    {"principal": "dora", "role": "DataScientist"},
    {"principal": "otto", "role": "ComputeOperator"},
]


@pytest.fixture(scope="module")
def collector() -> dict[str, Any]:
    """The collector's configuration, parsed."""
    parsed: dict[str, Any] = yaml.safe_load(application_insights.config())
    return parsed


@pytest.fixture(scope="module")
def run(event_loops: None) -> Run:
    """A stack with TLS and principals."""
    return run_program({**CONFIG, "ml-workspace:tls": "true", "ml-workspace:roleAssignments": json.dumps(ROLES)})


def files_of(run: Run, role: str, kind: str = "files") -> dict[str, str]:
    """Files of one container."""
    (found,) = [made for made in run.mocks.of_type(TOKENS["VolumeFiles"]) if made.name.endswith(f"-{role}-files")]
    return dict(found.inputs[kind]["value"])


def stores_config(run: Run) -> dict[str, Any]:
    """The store's configuration, parsed."""
    return dict(json.loads(files_of(run, "insights-store")["config.json"]))


def test_all_telemetry_goes_into_a_durable_queue_until_the_store_has_it(collector: dict[str, Any]) -> None:
    pipelines, queue = collector["service"]["pipelines"], collector["exporters"][QUEUE]

    assert set(pipelines) == {"traces", "metrics", "logs"}
    for pipeline in pipelines.values():
        assert pipeline["exporters"] == [QUEUE]
        assert pipeline["processors"] == ["memory_limiter"]
    assert {one for pipeline in pipelines.values() for one in pipeline["receivers"]} == set(collector["receivers"])
    assert collector["extensions"]["file_storage"]["fsync"] is True
    assert queue["sending_queue"]["storage"] == "file_storage"
    assert queue["retry_on_failure"]["max_elapsed_time"] == "0s"


def test_metrics_are_forwarded_when_asked_and_nothing_else_changes(collector: dict[str, Any]) -> None:
    url = "http://prometheus:9090/api/v1/otlp/v1/metrics"
    found = yaml.safe_load(application_insights.config(forward_metrics_to=url))

    forward = found["exporters"].pop("otlp_http/forward")
    assert forward["metrics_endpoint"] == url
    assert forward["retry_on_failure"] == {"enabled": False}
    assert found["service"]["pipelines"]["metrics"]["exporters"].pop() == "otlp_http/forward"
    assert found == collector


def test_the_queue_has_a_maximum_size_above_which_senders_are_refused(collector: dict[str, Any]) -> None:
    queue = collector["exporters"][QUEUE]["sending_queue"]

    assert (queue["sizer"], queue["queue_size"]) == ("bytes", application_insights.QUEUE_MIB * 2**20)
    assert queue["block_on_overflow"] is False


def test_both_protocols_accept_requests_of_the_same_size_and_none_is_split(collector: dict[str, Any]) -> None:
    protocols = collector["receivers"]["otlp"]["protocols"]

    assert protocols["grpc"]["max_recv_msg_size_mib"] * 2**20 == protocols["http"]["max_request_body_size"]
    assert "max_size" not in collector["exporters"][QUEUE]["sending_queue"]["batch"]


def test_only_loopback_needs_no_token(collector: dict[str, Any]) -> None:
    receivers = collector["receivers"]

    for protocol in receivers["otlp"]["protocols"].values():
        assert protocol["auth"] == {"authenticator": "bearertokenauth"}
    (own,) = receivers["otlp/own"]["protocols"].values()
    assert own["endpoint"].startswith("127.0.0.1:")
    (reader,) = collector["service"]["telemetry"]["metrics"]["readers"]
    assert reader["periodic"]["exporter"]["otlp"]["endpoint"] == f"http://{own['endpoint']}"
    assert collector["extensions"]["health_check"]["endpoint"].startswith("127.0.0.1:")


def test_the_collector_writes_to_the_store_with_a_token_of_its_own(run: Run) -> None:
    collector, tokens = yaml.safe_load(files_of(run, "insights")["config.yaml"]), files_of(run, "insights")

    authenticator = collector["exporters"][QUEUE]["auth"]["authenticator"]
    assert collector["extensions"][authenticator]["filename"] == "/etc/otelcol/store-token"
    assert tokens["store-token"] == "generated-collector"
    assert "generated-collector (collector) write" in files_of(run, "insights-store", "live_files")["tokens"]


def test_the_collector_verifies_the_store_whatever_the_length_of_its_name(run: Run) -> None:
    exporter = yaml.safe_load(files_of(run, "insights")["config.yaml"])["exporters"][QUEUE]
    (store,) = [made for made in run.mocks.of_type(CONTAINER) if made.name.endswith("-insights-store")]
    (network,) = store.inputs["networksAdvanced"]

    assert exporter["endpoint"] == "https://insights-store:4320"
    assert network["aliases"] == ["insights-store"]
    assert exporter["tls"] == {
        "ca_file": "/etc/otelcol/ca.crt",
        "server_name_override": f"{store.name}.{network['name']}",
        "min_version": "1.2",
    }


def test_without_tls_the_collector_sends_to_the_store_in_plain_http(collector: dict[str, Any]) -> None:
    exporter = collector["exporters"][QUEUE]

    assert (exporter["endpoint"], exporter["tls"]) == ("http://insights-store:4320", {"insecure": True})


def test_only_roles_that_query_have_a_token_for_the_store(run: Run) -> None:
    lines = [line.split(" ") for line in files_of(run, "insights-store", "live_files")["tokens"].splitlines()]

    assert {(owner, right) for _, owner, right in lines} == {
        ("(stack)", "read"),
        ("(collector)", "write"),
        ("rita", "read"),
        ("dora", "read"),
    }


def test_the_store_has_the_limits_of_the_settings() -> None:
    given = {"retentionInDays": 180, "maximumSizeInGB": 25}
    wanted = settings.load({**CONFIG, "ml-workspace:applicationInsights": json.dumps(given)}, stack="dev")

    config = json.loads(insights_store.config(wanted.application_insights, []))

    assert (config["retentionInDays"], config["maximumGigabytes"]) == (180, 25)
    assert "tls" not in config


def test_the_store_serves_tls_with_its_certificate_and_stores_on_its_volumes(run: Run) -> None:
    config = stores_config(run)

    assert config["tls"] == {"certificate": "/etc/insights/public.crt", "privateKey": "/etc/insights/private.key"}
    assert (config["folder"], config["tokens"]) == ("/var/lib/insights/store", "/etc/insights/live/tokens")


def test_the_store_tests_the_stacks_own_health_checks_over_its_network(run: Run) -> None:
    tests = {test["name"]: test for test in stores_config(run)["availabilityTests"]}

    assert set(tests) == {"storage", "registry", "registryReadOnly", "keyVault", "otlpHttp"}
    assert tests["keyVault"] == {
        "name": "keyVault",
        "url": "https://kv-churn-dev-we-001-vault.rg-churn-dev-westeurope-001:8200/v1/sys/health",
        "expected": [200],
        "certificateAuthority": "/etc/insights/ca.crt",
    }
    assert tests["registry"]["expected"] == [200], "401 would be a failed request in the registry's own telemetry"


def test_availability_is_tested_without_an_authority_if_there_is_no_tls() -> None:
    wanted = settings.load(CONFIG, stack="dev")
    test = AvailabilityTest(name="storage", url="http://x:9000/", expected=frozenset({200}))

    config = json.loads(insights_store.config(wanted.application_insights, [test]))

    assert config["availabilityTests"] == [{"name": "storage", "url": "http://x:9000/", "expected": [200]}]


def test_a_container_whose_name_is_no_host_name_is_not_tested() -> None:
    name = f"appi-{'x' * 60}"
    long = run_program({**CONFIG, "ml-workspace:applicationInsights": json.dumps({"name": name})})

    assert {test["name"] for test in stores_config(long)["availabilityTests"]} == {
        "storage",
        "registry",
        "registryReadOnly",
        "keyVault",
    }
