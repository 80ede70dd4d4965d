"""A workspace with TLS: clients with its CA certificate have access, all others refuse to connect or are rejected."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
from botocore.exceptions import SSLError
from docker import DockerClient

from infra import service_images
from infra.services import TRACKING
from tests.support.ca_certificates import ca_file, without_ca_certificate
from tests.support.environment import Environment
from tests.support.insights import insights_client
from tests.support.mlflow_client import READ, WRITE, client_variables, differences, read_runs, write_runs
from tests.support.object_store import minio_client, s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.otlp import Protocol, send
from tests.support.probes import probe_until
from tests.support.processes import run
from tests.support.running_jobs import Jobs
from tests.support.stacks import LiveStack, Stack, ephemeral_stack, live_stack
from tests.support.tracking import TrackingClient
from tests.support.updates import assert_unchanged
from tests.support.vault import read_secret, vault_client, write_secret

ACCEPTED = {"traces": True, "metrics": True, "logs": True}
REFUSED = dict.fromkeys(ACCEPTED, False)
USES = ("storage", "registry", "registryReadOnly", "keyVault", "otlpGrpc", "otlpHttp", "insights", "tracking")

Outputs = Mapping[str, Any]


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with TLS."""
    computes = [{"name": "cpu-cluster", "type": "AmlCompute"}]
    with live_stack(environment, tls=True, tracking={}, computes=computes) as stack:
        yield stack


def address(outputs: Outputs, use: str) -> tuple[str, int]:
    """Host and port of an endpoint in any form."""
    address = urlsplit(f"//{outputs['endpoints'][use].rpartition('//')[2]}")
    assert address.hostname
    assert address.port
    return address.hostname, address.port


def shown_certificate(outputs: Outputs, use: str) -> str:
    """The certificate that an endpoint presents, unverified."""
    return ssl.get_server_certificate(address(outputs, use))


def store(outputs: Outputs, marker: str) -> None:
    """Store one item of every kind in the workspace."""
    s3_client(outputs).put_object(Bucket="azureml", Key=marker, Body=marker.encode())
    write_secret(outputs, marker, {"kept": marker})
    registry_client(outputs).push(f"models/{marker}", "v1", tiny_image(marker.encode()))
    token = outputs["credentials"]["telemetry"]["token"]
    assert send(Protocol.HTTP, outputs["endpoints"], token, marker, ca_file=ca_file(outputs)) == ACCEPTED
    TrackingClient.of(outputs).keep(marker)


def assert_stored(stack: Stack, outputs: Outputs, engine: DockerClient, marker: str) -> None:
    """Fail unless all items are still there and equal."""
    assert s3_client(outputs).get_object(Bucket="azureml", Key=marker)["Body"].read() == marker.encode()
    assert read_secret(outputs, marker) == {"kept": marker}
    assert registry_client(outputs).pull(f"models/{marker}", "v1") == tiny_image(marker.encode())
    TrackingClient.of(outputs).verify(marker)
    kept = insights_client(outputs).markers()
    assert [signal for signal, markers in kept.items() if marker in markers] == list(kept)


def test_every_endpoint_is_https_and_the_ca_certificate_is_a_public_output(live: LiveStack) -> None:
    outputs = live.stack.outputs(show_secrets=False)

    assert {use for use, url in outputs["endpoints"].items() if url.startswith("https://127.0.0.1:")} == {
        "storage",
        "keyVault",
        "otlpGrpc",
        "otlpHttp",
        "insights",
        "tracking",
    }
    assert outputs["certificateAuthority"].startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE KEY" not in json.dumps(live.stack.outputs())


def test_clients_with_the_ca_certificate_use_every_service(live: LiveStack, engine: DockerClient, marker: str) -> None:
    store(live.outputs, marker)

    probe_until(lambda: assert_stored(live.stack, live.outputs, engine, marker), what="everything stored")
    assert "azureml" in {bucket.name for bucket in minio_client(live.outputs).list_buckets()}


@pytest.mark.parametrize("protocol", list(Protocol))
def test_telemetry_is_accepted_from_a_client_with_the_ca_certificate_and_not_sent_by_one_without(
    live: LiveStack, marker: str, protocol: Protocol
) -> None:
    endpoints, token = live.outputs["endpoints"], live.outputs["credentials"]["telemetry"]["token"]

    assert send(protocol, endpoints, token, marker, ca_file=ca_file(live.outputs)) == ACCEPTED
    assert send(protocol, endpoints, token, marker, seconds=2) == REFUSED


def test_mlflow_uses_tracking_with_the_ca_certificate_on_the_host(live: LiveStack, marker: str) -> None:
    runs = write_runs(live.outputs, marker)

    assert runs["versions"][f"{marker} 1"][0]["status"] == "READY"
    with pytest.raises(AssertionError, match="CERTIFICATE_VERIFY_FAILED"):
        read_runs(without_ca_certificate(live.outputs), MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")


def test_mlflow_uses_tracking_with_the_ca_certificate_in_the_network(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    network = live.outputs["resourceGroup"]["name"]
    variables = client_variables(live.outputs) | {
        "MLFLOW_TRACKING_URI": f"https://{live.name_of('id')}-tracking.{network}:5000",
        "MLFLOW_TRACKING_SERVER_CERT_PATH": "/tmp/ca.pem",
        "CA_CERTIFICATE": live.outputs["certificateAuthority"],
    }
    trusting = "import os; open('/tmp/ca.pem', 'w').write(os.environ['CA_CERTIFICATE'])\n"

    printed = engine.containers.run(
        service_images.table()[TRACKING.image].image,
        ["-c", trusting + WRITE + READ, marker],
        entrypoint=["python3"],
        network=network,
        environment=variables,
        tmpfs={"/tmp": "rw"},
        remove=True,
    )

    written = json.loads(printed.decode().splitlines()[-1])
    assert differences(read_runs(live.outputs), written) == []


def _with_boto3(outputs: Outputs) -> object:
    return s3_client(outputs).list_buckets()


def _with_minio(outputs: Outputs) -> object:
    return minio_client(outputs).list_buckets()


def _with_hvac(outputs: Outputs) -> object:
    return vault_client(outputs).secrets.kv.v2.list_secrets(path="", mount_point="secret")


def _with_requests(outputs: Outputs) -> object:
    return registry_client(outputs).request("GET", "_catalog").json()["repositories"] is not None


USES_SERVICES = """
import base64, json, os, six, sys, time, urllib.request
def ask(url, headers, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    return json.load(urllib.request.urlopen(request))
login = base64.b64encode(f"{os.environ['MLFLOW_TRACKING_USERNAME']}:{os.environ['MLFLOW_TRACKING_PASSWORD']}".encode())
metric = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "accuracy", "value": 0.9, "timestamp": int(time.time() * 1000)}
basic = {"Authorization": "Basic " + login.decode()}
ask(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", basic, metric)
secret = ask(os.environ["VAULT_ADDR"] + "/v1/secret/data/of-the-job", {"X-Vault-Token": os.environ["VAULT_TOKEN"]})
print(six.__version__, open(sys.argv[1]).read().strip(), secret["data"]["data"]["value"])
open(sys.argv[2], "w").write("made")
"""


def test_a_job_uses_registry_data_tracking_and_secrets_over_tls(live: LiveStack, tmp_path: Path) -> None:
    jobs = Jobs(stack=live.stack, folder=tmp_path)
    write_secret(live.outputs, "of-the-job", {"value": "hidden"})
    s3_client(live.outputs).put_object(Bucket="azureml", Key="in.txt", Body=b"given")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "use.py").write_text(USES_SERVICES)
    conda = {"dependencies": ["python=3.11", "pip", {"pip": ["six==1.17.0"]}]}
    jobs.submit(
        "over-tls",
        "python use.py ${{inputs.given}} ${{outputs.made}}",
        code=str(tmp_path / "src"),
        environment={"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04", "conda_file": conda},
        inputs={"given": {"type": "uri_file", "path": "azureml://datastores/workspaceartifactstore/paths/in.txt"}},
        outputs={"made": {"type": "uri_file"}},
    )

    streamed = jobs.mlw("stream", "over-tls")
    shown = jobs.show("over-tls")

    assert shown["status"] == "Completed", streamed.output
    assert "1.17.0 given hidden\n" in streamed.stdout
    assert f"pulled '{live.outputs['endpoints']['registryReadOnly']}/environments@" in streamed.stdout
    run = TrackingClient.of(live.outputs).call("GET", f"/api/2.0/mlflow/runs/get?run_id={shown['run_id']}")["run"]
    assert [(one["key"], one["value"]) for one in run["data"]["metrics"]] == [("accuracy", 0.9)]
    assert jobs.left() == []


@pytest.mark.parametrize(
    ("client", "error"),
    [
        (_with_boto3, SSLError),
        (_with_minio, urllib3.exceptions.MaxRetryError),
        (_with_hvac, requests.exceptions.SSLError),
        (_with_requests, requests.exceptions.SSLError),
    ],
    ids=["boto3", "minio", "hvac", "requests"],
)
def test_client_without_the_ca_certificate_refuses_to_connect(
    live: LiveStack, marker: str, client: Callable[[Outputs], object], error: type[Exception]
) -> None:
    write_secret(live.outputs, marker, {"any": "secret"})  # an empty vault has nothing to list

    assert client(live.outputs)
    with pytest.raises(error, match=r"(?i)certificate.verify.failed"):
        client(without_ca_certificate(live.outputs))


@pytest.mark.parametrize("use", USES, ids=str)
def test_plain_http_gets_no_answer_of_the_service(live: LiveStack, use: str) -> None:
    host, port = address(live.outputs, use)

    try:
        status = requests.get(f"http://{host}:{port}/", timeout=5).status_code
    except requests.exceptions.ConnectionError:
        return
    assert status == 400


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("use", USES, ids=str)
def test_old_versions_of_tls_are_refused(live: LiveStack, use: str) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    pool = urllib3.HTTPSConnectionPool(*address(live.outputs, use), ssl_context=old, retries=0, timeout=5)

    # Python's own servers close the connection without saying why.
    with pytest.raises(urllib3.exceptions.MaxRetryError, match=r"PROTOCOL_VERSION|protocol version|UNEXPECTED_EOF"):
        pool.request("GET", "/")


def test_registry_sends_to_application_insights_with_the_ca_certificate(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    registry_client(live.outputs).push(f"models/{marker}", "v1", tiny_image(marker.encode()))

    def told() -> None:
        sql = f"SELECT DISTINCT service FROM spans WHERE contains(name, '{marker}')"
        assert insights_client(live.outputs).column(sql) == [live.name_of("containerRegistry")]

    probe_until(told, what="spans of the registry")


def test_key_vault_issues_certificates_of_the_same_ca(live: LiveStack, tmp_path: Path) -> None:
    issued = vault_client(live.outputs).write("pki/issue/services", common_name="localhost")["data"]
    certificate = tmp_path / "issued.pem"
    certificate.write_text(issued["certificate"])

    checked = run(
        ["openssl", "verify", "-CAfile", str(ca_file(live.outputs)), str(certificate)],
        cwd=tmp_path,
        env=live.stack.environment.variables,
    )

    assert checked.check().stdout.strip().endswith(": OK")


def test_files_of_a_service_are_private_and_contain_no_ca_key(live: LiveStack, engine: DockerClient) -> None:
    state = json.loads(live.stack.pulumi("stack export --show-secrets").check().stdout)["deployment"]["resources"]
    (authority,) = (r for r in state if r["type"].endswith(":CertificateAuthority"))
    key = authority["outputs"]["private_key"]["plaintext"]
    assert "PRIVATE KEY" in key

    for resource in ("storageAccount", "containerRegistry", "keyVault", "applicationInsights"):
        container = engine.containers.get(live.container_of(resource))
        folder = next(m["Destination"] for m in container.attrs["Mounts"] if m["Name"].endswith("-config"))
        chunks, _ = container.get_archive(folder)
        content = b"".join(chunks)
        assert b"PRIVATE KEY" in content
        assert json.loads(key).splitlines()[1].encode() not in content


def test_second_up_and_refresh_change_nothing(live: LiveStack) -> None:
    assert_unchanged(live.stack.up())
    assert_unchanged(live.stack.refresh())


def test_diagnosis_finds_nothing(live: LiveStack) -> None:
    found = live.stack.environment.mlw("diagnose", live.stack.name)

    assert json.loads(found.check().stdout) == {}


def test_workspace_without_tls_shares_resources_with_tls_and_outputs_their_certificate(
    live: LiveStack, environment: Environment, marker: str
) -> None:
    shared = {section: {"existing": live.stack.name} for section in ("storageAccount", "keyVault")}
    with live_stack(environment, **shared, tracking={}) as guest:
        outputs = guest.outputs
        write_secret(outputs, marker, {"from": "guest"})
        TrackingClient.of(outputs).keep(marker)
        TrackingClient.of(outputs).verify(marker)
        found = environment.mlw("diagnose", guest.stack.name)

        assert outputs["certificateAuthority"] == live.outputs["certificateAuthority"]
        assert {use: outputs["endpoints"][use].partition(":")[0] for use in ("storage", "keyVault", "otlpHttp")} == {
            "storage": "https",
            "keyVault": "https",
            "otlpHttp": "http",
        }
        assert read_secret(live.outputs, marker) == {"from": "guest"}
        assert json.loads(found.check().stdout) == {}
        assert_unchanged(guest.stack.preview())


def test_certificates_are_rotated_without_changing_the_ca_or_losing_data(
    live: LiveStack, engine: DockerClient, marker: str
) -> None:
    store(live.outputs, marker)
    probe_until(lambda: assert_stored(live.stack, live.outputs, engine, marker), what="everything stored")
    before = {use: shown_certificate(live.outputs, use) for use in USES}

    rotated = live.stack.pulumi("up --yes --skip-preview", MLW_ROTATE=f"service/certificates:{marker}")

    rotated.check()
    after = {use: shown_certificate(live.outputs, use) for use in USES}
    assert not set(before.values()) & set(after.values())
    assert live.stack.outputs() == live.outputs
    assert_stored(live.stack, live.outputs, engine, marker)


def test_tls_is_switched_on_renewed_and_off_with_all_data_kept(
    environment: Environment, engine: DockerClient, marker: str
) -> None:
    with ephemeral_stack(environment, tracking={}) as stack:
        stack.up().check()
        plain = stack.outputs()
        assert "certificateAuthority" not in plain
        store(plain, marker)
        probe_until(lambda: assert_stored(stack, plain, engine, marker), what="everything stored")

        stack.configure(tls=True)
        stack.up().check()
        first = stack.outputs()
        assert first["endpoints"]["storage"] == plain["endpoints"]["storage"].replace("http:", "https:")
        assert_stored(stack, first, engine, marker)

        stack.pulumi("up --yes --skip-preview", MLW_ROTATE=f"service/authority:{marker}").check()
        second = stack.outputs()
        assert second["certificateAuthority"] != first["certificateAuthority"]
        assert_stored(stack, second, engine, marker)
        with pytest.raises(SSLError, match="certificate verify failed"):
            s3_client({**second, "certificateAuthority": first["certificateAuthority"]}).list_buckets()

        stack.configure()
        stack.up().check()
        assert stack.outputs()["endpoints"] == plain["endpoints"]
        assert_stored(stack, plain, engine, marker)
