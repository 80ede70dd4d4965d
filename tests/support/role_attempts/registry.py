"""Attempts at the container registry, and at application insights."""

import requests

from tests.support.oci import digest_of, tiny_image
from tests.support.otlp import Protocol
from tests.support.principals import Person
from tests.support.role_attempts.scene import Attempt, Scene


def _delete_image(who: Person, scene: Scene) -> None:
    repository, image = scene.image()
    who.registry.request("DELETE", f"{repository}/manifests/{digest_of(image.manifest)}").raise_for_status()


def _ok(answer: requests.Response) -> None:
    answer.raise_for_status()


REGISTRY: dict[str, Attempt] = {
    "pulls an image": lambda who, scene: who.registry_read_only.pull(scene.admin.repository, "v1"),
    "lists images": lambda who, _: _ok(who.registry_read_only.request("GET", "_catalog")),
    "pulls where images are pushed": lambda who, scene: who.registry.pull(scene.admin.repository, "v1"),
    "pushes an image": lambda who, scene: who.registry.push(f"roles/{scene.marker}", "v2", tiny_image(b"new")),
    "deletes an image": _delete_image,
}
FORBIDDEN_IN_REGISTRY: dict[str, Attempt] = {
    "pushes where images are pulled": lambda who, scene: who.registry_read_only.push(
        f"roles/{scene.marker}", "v2", tiny_image(b"new")
    ),
    "deletes where images are pulled": lambda who, scene: _ok(
        who.registry_read_only.request("DELETE", f"roles/{scene.marker}/manifests/{digest_of(b'any')}")
    ),
}
TELEMETRY: dict[str, Attempt] = {
    "sends telemetry over gRPC": lambda who, scene: who.send(Protocol.GRPC, scene.marker),
    "sends telemetry over HTTP": lambda who, scene: who.send(Protocol.HTTP, scene.marker),
    "queries telemetry": lambda who, _: who.query("SELECT count(*) FROM spans"),
}
