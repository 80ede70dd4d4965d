"""A client without configuration: it finds storage, key vault, registry and telemetry in its environment.

`mlw run` sets the variables that the libraries read:

    mlw run dev -- python examples/environment_client.py
"""

import os

import boto3
import hvac
import minio
import requests
from minio.credentials.providers import EnvMinioProvider
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

SECONDS = 20
BUCKET, KEY = "azureml", "environment-client/train.csv"


def use_storage() -> None:
    """Write with boto3, read with minio."""
    boto3.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"age,churned\n42,0\n")

    secure = os.environ["MINIO_SECURE"] == "true"
    client = minio.Minio(os.environ["MINIO_ENDPOINT"], secure=secure, credentials=EnvMinioProvider())
    with client.get_object(bucket_name=BUCKET, object_name=KEY) as blob:
        print(f"storage:  {len(blob.read())} bytes in {BUCKET}/{KEY}")


def use_key_vault() -> None:
    """Write a secret and read it back."""
    secrets = hvac.Client().secrets.kv.v2
    secrets.create_or_update_secret(mount_point="secret", path="environment-client", secret={"password": "s3cret"})
    found = secrets.read_secret_version(mount_point="secret", path="environment-client", raise_on_deleted_version=True)
    print(f"vault:    version {found['data']['metadata']['version']} of secret/environment-client")


def use_registry() -> None:
    """Ask the registry for its API version, which requires the credentials."""
    login = (os.environ["MLW_REGISTRY_USERNAME"], os.environ["MLW_REGISTRY_PASSWORD"])
    answer = requests.get(f"{os.environ['MLW_REGISTRY_URL']}/v2/", auth=login, timeout=SECONDS)
    answer.raise_for_status()
    print(f"registry: {answer.headers['Docker-Distribution-Api-Version']}")


def send_span() -> None:
    """Send one span; its service name is that of the program."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    with provider.get_tracer("environment-client").start_as_current_span("train") as span:
        span.set_attribute("rows", 1)
    provider.shutdown()
    print(f"insights: trace {span.get_span_context().trace_id:032x}")


if __name__ == "__main__":
    use_storage()
    use_key_vault()
    use_registry()
    send_span()
