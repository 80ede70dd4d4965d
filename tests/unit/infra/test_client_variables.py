"""Variables of clients: which there are, and what is in them."""

import base64
import json
from pathlib import Path

from infra.client_variables import MANAGED, MANAGED_BY_TRACKING, Access, variables
from tests.unit.states import CREDENTIALS, the_outputs

ENDPOINTS = the_outputs("dev")["endpoints"]


def test_every_service_has_the_variables_of_its_clients() -> None:
    found = variables(Access(endpoints=ENDPOINTS, credentials=CREDENTIALS), service_name="train")

    assert json.loads(found.pop("DOCKER_AUTH_CONFIG")) == {
        "auths": {"127.0.0.1:20002": {"auth": base64.b64encode(b"admin:secret-of-registry").decode()}}
    }
    assert found == {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:20001",
        "AWS_ACCESS_KEY_ID": "key-of-storage",
        "AWS_SECRET_ACCESS_KEY": "secret-of-storage",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:20001",
        "MINIO_ENDPOINT": "127.0.0.1:20001",
        "MINIO_SECURE": "false",
        "MINIO_ACCESS_KEY": "key-of-storage",
        "MINIO_SECRET_KEY": "secret-of-storage",
        "VAULT_ADDR": "http://127.0.0.1:20003",
        "VAULT_TOKEN": "secret-of-vault",
        "MLW_REGISTRY_HOST": "127.0.0.1:20002",
        "MLW_REGISTRY_URL": "http://127.0.0.1:20002",
        "MLW_REGISTRY_USERNAME": "admin",
        "MLW_REGISTRY_PASSWORD": "secret-of-registry",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:20005",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20secret-of-telemetry",
        "OTEL_SERVICE_NAME": "train",
        "MLW_INSIGHTS_ENDPOINT": "http://127.0.0.1:20007",
        "MLW_INSIGHTS_TOKEN": "secret-of-insights",
    }


def test_queries_of_telemetry_are_included_where_there_is_an_endpoint() -> None:
    endpoints = {**ENDPOINTS, "insights": "http://127.0.0.1:20007"}
    access = Access(endpoints=endpoints, credentials={"insights": {"token": "reads"}})

    assert variables(access, service_name="x") == {
        "MLW_INSIGHTS_ENDPOINT": "http://127.0.0.1:20007",
        "MLW_INSIGHTS_TOKEN": "reads",
        "OTEL_SERVICE_NAME": "x",
    }


def test_with_tls_clients_get_the_ca_certificates() -> None:
    access = Access(
        endpoints={"storage": "https://127.0.0.1:20001"},
        credentials={"storage": CREDENTIALS["storage"]},
        ca_file=Path("/run/ca.pem"),
        ca_bundle=Path("/run/bundle.pem"),
    )

    found = variables(access, service_name="x")

    assert found["MINIO_SECURE"] == "true"
    assert {name for name, value in found.items() if value == "/run/ca.pem"} == {
        "AWS_CA_BUNDLE",
        "VAULT_CACERT",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
    }
    assert {name for name, value in found.items() if value == "/run/bundle.pem"} == {
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    }


def test_every_variable_that_is_set_replaces_or_removes_another_accounts() -> None:
    endpoints = {**ENDPOINTS, "insights": "http://127.0.0.1:20007"}
    access = Access(endpoints=endpoints, credentials={**CREDENTIALS, "insights": {"token": "reads"}})

    assert set(variables(access, service_name="x")) - set(MANAGED) == {"OTEL_SERVICE_NAME"}


def test_credentials_are_not_in_the_representation() -> None:
    assert "secret-of" not in repr(Access(endpoints=ENDPOINTS, credentials=CREDENTIALS))


TRACKED = {**ENDPOINTS, "tracking": "https://127.0.0.1:20008"}
LOGIN = {"username": "admin", "password": "secret-of-tracking"}


def test_mlflow_finds_the_tracking_service() -> None:
    access = Access(
        endpoints=TRACKED, credentials={"tracking": LOGIN}, ca_file=Path("/run/ca.pem"), ca_bundle=Path("/run/all.pem")
    )

    found = {name: value for name, value in variables(access, service_name="x").items() if name.startswith("MLFLOW_")}

    assert found == {
        "MLFLOW_TRACKING_URI": "https://127.0.0.1:20008",
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": "secret-of-tracking",
        "MLFLOW_TRACKING_SERVER_CERT_PATH": "/run/ca.pem",
    }
    assert set(found) <= set(access.managed)


def test_the_users_own_mlflow_server_is_kept_where_the_workspace_has_none() -> None:
    with_tracking, without = (Access(endpoints=ends, credentials={}).managed for ends in (TRACKED, ENDPOINTS))

    assert set(with_tracking) - set(without) == set(MANAGED_BY_TRACKING)
    assert [name for name in without if name.startswith("MLFLOW_TRACKING")] == []
