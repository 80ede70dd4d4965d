"""Third-party clients use every service with nothing but the stack's outputs."""

import os
from pathlib import Path

import hvac.exceptions
import pytest
import requests
from botocore.exceptions import ClientError
from docker import DockerClient

from tests.support.insights import insights_client
from tests.support.object_store import minio_client, s3_client
from tests.support.oci import RegistryClient, layer_with, registry_client, tiny_artifact, tiny_image
from tests.support.otlp import Protocol, send
from tests.support.probes import probe_until
from tests.support.processes import run
from tests.support.stacks import LiveStack
from tests.support.vault import read_secret, vault_client, write_secret

VISIBLE_SECONDS = 2.0
"""From the acknowledgement of telemetry to the first query that finds it."""

PART = 5 * 1024 * 1024
"""Smallest part of a multipart upload that S3 allows; the last one may be smaller."""


def test_boto3_reads_back_the_object_that_it_wrote(live: LiveStack, marker: str) -> None:
    s3 = s3_client(live.outputs)

    s3.put_object(Bucket="azureml", Key=marker, Body=b"training data", Metadata={"split": "train"})
    answer = s3.get_object(Bucket="azureml", Key=marker)

    assert answer["Body"].read() == b"training data"
    assert answer["Metadata"] == {"split": "train"}


def test_boto3_reads_back_an_object_uploaded_in_parts(live: LiveStack, marker: str) -> None:
    s3, chunks = s3_client(live.outputs), (os.urandom(PART), b"the last part")
    upload = s3.create_multipart_upload(Bucket="azureml", Key=marker)["UploadId"]

    uploaded = [
        s3.upload_part(Bucket="azureml", Key=marker, UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(chunks, start=1)
    ]
    s3.complete_multipart_upload(
        Bucket="azureml",
        Key=marker,
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": number} for number, tag in enumerate(uploaded, 1)]},
    )

    assert s3.get_object(Bucket="azureml", Key=marker)["Body"].read() == b"".join(chunks)


def test_minio_lists_what_boto3_wrote(live: LiveStack, marker: str) -> None:
    s3_client(live.outputs).put_object(Bucket="azureml", Key=f"{marker}/a", Body=b"12345")

    client = minio_client(live.outputs)
    listed = {(item.object_name, item.size) for item in client.list_objects("azureml", prefix=f"{marker}/")}

    assert listed == {(f"{marker}/a", 5)}
    assert "azureml" in {bucket.name for bucket in client.list_buckets()}


def test_storage_account_rejects_a_wrong_secret_key(live: LiveStack) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        s3_client(live.outputs, secretKey="wrong-secret-key").list_buckets()


def test_storage_account_rejects_an_unknown_access_key(live: LiveStack) -> None:
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        s3_client(live.outputs, accessKey="nobody").list_buckets()


def test_storage_account_rejects_anonymous_reads(live: LiveStack) -> None:
    answer = requests.get(f"{live.outputs['endpoints']['storage']}/azureml/workspace.json", timeout=10)

    assert answer.status_code == 403


def test_hvac_reads_back_the_secret_that_it_wrote(live: LiveStack, marker: str) -> None:
    write_secret(live.outputs, marker, {"password": "one"})
    write_secret(live.outputs, marker, {"password": "two"})

    kv = vault_client(live.outputs).secrets.kv.v2
    first = kv.read_secret_version(path=marker, version=1, mount_point="secret", raise_on_deleted_version=True)

    assert read_secret(live.outputs, marker) == {"password": "two"}
    assert first["data"]["data"] == {"password": "one"}


def test_key_vault_stores_on_raft_and_is_unsealed(live: LiveStack) -> None:
    status = vault_client(live.outputs).seal_status

    assert (status["initialized"], status["sealed"], status["storage_type"]) == (True, False, "raft")


@pytest.mark.parametrize("token", ["", "hvs.wrong"], ids=["no token", "wrong token"])
def test_key_vault_rejects_wrong_tokens(live: LiveStack, token: str) -> None:
    with pytest.raises(hvac.exceptions.Forbidden, match="permission denied"):
        vault_client(live.outputs, token=token).secrets.kv.v2.list_secrets(path="", mount_point="secret")


def test_image_pushed_over_http_is_pulled_byte_for_byte(live: LiveStack, marker: str) -> None:
    registry, image = registry_client(live.outputs), tiny_image(marker.encode())

    registry.push(f"models/{marker}", "v1", image)

    assert registry.pull(f"models/{marker}", "v1") == image
    assert registry.request("GET", f"models/{marker}/tags/list").json()["tags"] == ["v1"]


def test_artifact_other_than_an_image_is_pulled_byte_for_byte(live: LiveStack, marker: str) -> None:
    registry = registry_client(live.outputs)
    artifact = tiny_artifact(marker.encode(), kind="application/vnd.example.model")

    registry.push(f"models/{marker}", "weights", artifact)

    assert registry.pull(f"models/{marker}", "weights") == artifact


@pytest.mark.parametrize("credentials", [None, ("nobody", "wrong")], ids=["anonymous", "wrong password"])
def test_registry_rejects_wrong_credentials(live: LiveStack, marker: str, credentials: tuple[str, str] | None) -> None:
    client = RegistryClient(live.outputs, credentials=credentials)

    base = client.request("GET", "")
    catalogue = client.request("GET", "_catalog")
    upload = client.request("POST", f"models/{marker}/blobs/uploads/")

    assert (base.status_code, catalogue.status_code, upload.status_code) == (401, 401, 401)


def test_docker_pushes_and_pulls(live: LiveStack, marker: str, engine: DockerClient, tmp_path: Path) -> None:
    registry = live.outputs["credentials"]["registry"]
    host = live.outputs["endpoints"]["registry"]
    image = f"{host}/images/{marker}:v1"
    env = {**live.stack.environment.variables, "DOCKER_CONFIG": str(tmp_path)}

    def docker(*arguments: str, stdin: str = "") -> None:
        run(["docker", *arguments], cwd=tmp_path, env=env, stdin=stdin).check()

    engine.api.import_image_from_data(layer_with("content", marker.encode()), repository=image[:-3], tag="v1")
    layers = engine.images.get(image).attrs["RootFS"]["Layers"]
    try:
        docker("login", host, "--username", registry["username"], "--password-stdin", stdin=registry["password"])
        docker("push", image)
        docker("rmi", image)
        docker("pull", image)

        assert engine.images.get(image).attrs["RootFS"]["Layers"] == layers
    finally:
        engine.api.remove_image(image, force=True)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_signals_are_found_by_queries_of_application_insights(live: LiveStack, marker: str, protocol: Protocol) -> None:
    sent = send(protocol, live.outputs["endpoints"], live.outputs["credentials"]["telemetry"]["token"], marker)

    def stored() -> None:
        found = insights_client(live.outputs).markers()
        missing = [signal for signal, markers in found.items() if marker not in markers]
        assert not missing, f"{missing} with marker {marker} not found"

    assert sent == {"traces": True, "metrics": True, "logs": True}
    probe_until(stored, what="signals in the insights store", timeout_seconds=VISIBLE_SECONDS)


@pytest.mark.parametrize("token", ["", "wrong"], ids=["no token", "wrong token"])
@pytest.mark.parametrize("protocol", list(Protocol))
def test_application_insights_rejects_wrong_tokens(
    live: LiveStack, marker: str, protocol: Protocol, token: str
) -> None:
    sent = send(protocol, live.outputs["endpoints"], token, marker, seconds=2)

    assert sent == {"traces": False, "metrics": False, "logs": False}
