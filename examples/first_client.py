"""A first client of a workspace: store and read a blob, write and read a secret, push an artifact, send a span.

Uses nothing but the stack's outputs and libraries that have nothing to do with this project. Run it in the
environment of `make env`:

    python examples/first_client.py dev
"""

import hashlib
import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import urljoin

import boto3
import hvac
import minio
import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

SECONDS = 20
BUCKET = "azureml"
EMPTY, OCTETS = "application/vnd.oci.empty.v1+json", "application/octet-stream"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def read_outputs(stack: str) -> dict[str, Any]:
    """What the workspace gives to its clients: endpoints and credentials."""
    command = ["pulumi", "stack", "output", "--show-secrets", "--json", "--stack", stack]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(shown))


def use_storage(endpoint: str, credentials: dict[str, str]) -> None:
    """Write with boto3, read with minio: it is the same storage account."""
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["accessKey"],
        aws_secret_access_key=credentials["secretKey"],
    )
    s3.put_object(Bucket=BUCKET, Key="first-client/train.csv", Body=b"age,churned\n42,0\n")

    client = minio.Minio(
        endpoint.removeprefix("http://"),
        access_key=credentials["accessKey"],
        secret_key=credentials["secretKey"],
        secure=False,
    )
    with client.get_object(bucket_name=BUCKET, object_name="first-client/train.csv") as blob:
        print(f"storage:  {len(blob.read())} bytes in {BUCKET}/first-client/train.csv")


def use_key_vault(endpoint: str, token: str) -> None:
    """Write a secret and read it back."""
    secrets = hvac.Client(url=endpoint, token=token).secrets.kv.v2
    secrets.create_or_update_secret(mount_point="secret", path="first-client", secret={"password": "s3cret"})
    found = secrets.read_secret_version(mount_point="secret", path="first-client", raise_on_deleted_version=True)
    print(f"vault:    version {found['data']['metadata']['version']} of secret/first-client")


def push_model(address: str, credentials: dict[str, str], model: bytes) -> None:
    """Push a file as an OCI artifact, with plain HTTP requests and without Docker."""
    repository = f"http://{address}/v2/models/churn"
    session = requests.Session()
    session.auth = (credentials["username"], credentials["password"])

    def push_blob(content: bytes, media_type: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        started = session.post(f"{repository}/blobs/uploads/", timeout=SECONDS)
        started.raise_for_status()
        place = urljoin(repository, started.headers["Location"])
        session.put(place, params={"digest": digest}, data=content, timeout=SECONDS).raise_for_status()
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.example.model",
        "config": push_blob(b"{}", EMPTY),
        "layers": [push_blob(model, OCTETS)],
    }
    headers = {"Content-Type": MANIFEST}
    pushed = session.put(f"{repository}/manifests/v1", json=manifest, headers=headers, timeout=SECONDS)
    pushed.raise_for_status()
    print(f"registry: models/churn:v1 is {pushed.headers['Docker-Content-Digest'][:19]}")


def send_span(endpoint: str, token: str) -> None:
    """Send one span over OTLP/HTTP."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", headers={"authorization": f"Bearer {token}"})
    provider = TracerProvider(resource=Resource.create({"service.name": "first-client"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("first-client").start_as_current_span("train") as span:
        span.set_attribute("rows", 1)
    provider.shutdown()
    print(f"insights: trace {span.get_span_context().trace_id:032x}")


def main() -> None:
    """Use every service of the stack that the command line names."""
    outputs = read_outputs(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("STACK", "dev"))
    endpoints, credentials = outputs["endpoints"], outputs["credentials"]
    use_storage(endpoints["storage"], credentials["storage"])
    use_key_vault(endpoints["keyVault"], credentials["keyVault"]["token"])
    push_model(endpoints["registry"], credentials["registry"], model=b"a model")
    send_span(endpoints["otlpHttp"], credentials["telemetry"]["token"])


if __name__ == "__main__":
    main()
