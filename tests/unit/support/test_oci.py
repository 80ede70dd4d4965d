import gzip
import hashlib
import json

from tests.support.oci import digest_of, tiny_artifact, tiny_image


def test_digest_is_the_sha256_of_the_content() -> None:
    assert digest_of(b"x") == f"sha256:{hashlib.sha256(b'x').hexdigest()}"


def test_manifest_of_an_image_names_exactly_its_blobs() -> None:
    image = tiny_image(b"content")

    manifest = json.loads(image.manifest)
    named = {manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}

    assert named == set(image.blobs)
    assert all(digest_of(content) == digest for digest, content in image.blobs.items())


def test_configuration_of_an_image_names_the_unpacked_layer() -> None:
    image = tiny_image(b"content")
    manifest = json.loads(image.manifest)

    config = json.loads(image.blobs[manifest["config"]["digest"]])
    layer = gzip.decompress(image.blobs[manifest["layers"][0]["digest"]])

    assert config["rootfs"]["diff_ids"] == [digest_of(layer)]


def test_artifact_has_its_type() -> None:
    artifact = tiny_artifact(b"weights", kind="application/vnd.example.model")

    assert json.loads(artifact.manifest)["artifactType"] == "application/vnd.example.model"
    assert b"weights" in artifact.blobs.values()
