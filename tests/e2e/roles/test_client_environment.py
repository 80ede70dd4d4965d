"""`mlw run --principal`: a principal's own rights, over TLS."""

import json

import pytest

from tests.support.environment import PROJECT_ROOT
from tests.support.processes import Finished
from tests.support.stacks import LiveStack

EXAMPLE = str(PROJECT_ROOT / "examples" / "environment_client.py")
CATALOGUE = (
    'curl -s -u "$MLW_REGISTRY_USERNAME:$MLW_REGISTRY_PASSWORD" -w "%{http_code}" -o /dev/null $MLW_REGISTRY_URL/v2/'
)
CAN_WRITE = "import boto3; boto3.client('s3').put_object(Bucket='azureml', Key='environment/own', Body=b'x')"


def run_as(stack: LiveStack, principal: str, *command: str) -> Finished:
    return stack.stack.environment.mlw("run", stack.stack.name, "--principal", principal, "--", *command)


def test_a_data_scientist_uses_every_service(roles_stack: LiveStack) -> None:
    finished = run_as(roles_stack, "data-scientist", "python", EXAMPLE).check()

    services = [line.partition(":")[0] for line in finished.stdout.splitlines()]
    assert (services, finished.stderr) == (["storage", "vault", "registry", "insights"], "")


def test_a_reader_gets_the_read_only_registry_and_cannot_write(roles_stack: LiveStack) -> None:
    endpoints = roles_stack.outputs["endpoints"]

    host = run_as(roles_stack, "reader", "sh", "-c", f"echo $MLW_REGISTRY_HOST; {CATALOGUE}").check().stdout
    written = run_as(roles_stack, "reader", "python", "-c", CAN_WRITE)

    assert host == f"{endpoints['registryReadOnly']}\n200"
    assert written.exit_code == 1
    assert "AccessDenied" in written.stderr


@pytest.mark.parametrize(("principal", "service"), [("reader", "telemetry"), ("purge-operator", "storage")])
def test_a_service_without_access_has_no_variables(roles_stack: LiveStack, principal: str, service: str) -> None:
    environment, name = roles_stack.stack.environment, roles_stack.stack.name
    printed = environment.mlw("env", name, "--principal", principal, "--format", "json").check().stdout

    found = json.loads(printed)
    variables = {"telemetry": "OTEL_EXPORTER_OTLP_ENDPOINT", "storage": "AWS_ENDPOINT_URL_S3"}
    assert variables[service] not in found
    assert found["VAULT_TOKEN"] not in str(roles_stack.outputs["credentials"])
