"""The providers start before the program needs them, under the versions that resources ask for."""

import queue

import grpc
import pulumi_docker
from pulumi.runtime.proto import resource_pb2

from infra.provider_start import start_providers
from infra.resources.resource import PACKAGE

PATIENCE_SECONDS = 30


def test_each_is_asked_for_once_under_the_version_of_its_resources() -> None:
    asked = queue.SimpleQueue[resource_pb2.ResourceInvokeRequest]()
    start_providers(asked.put)
    requests = [asked.get(timeout=PATIENCE_SECONDS) for _ in range(2)]
    assert {request.tok.partition(":")[0]: request.version for request in requests} == {
        PACKAGE: "",
        "docker": pulumi_docker._utilities._version_str,
    }


def test_failures_are_left_to_the_first_resource() -> None:
    ended = queue.SimpleQueue[str]()

    def invoke(request: resource_pb2.ResourceInvokeRequest) -> None:
        ended.put(request.tok)
        raise grpc.RpcError

    start_providers(invoke)
    assert {ended.get(timeout=PATIENCE_SECONDS) for _ in range(2)} == {f"{PACKAGE}:index:start", "docker:index:start"}
