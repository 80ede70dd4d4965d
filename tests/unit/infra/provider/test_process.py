"""The plugin's process: the engine starts it, and it never outlives the engine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

import infra.provider

STARTER = Path(infra.provider.__file__).parent / "pulumi-resource-ml-workspace"
ROOT = Path(__file__).parents[3]
SECONDS = 20


@pytest.fixture
def plugin() -> Iterator[subprocess.Popen[str]]:
    options = {"PULUMI_RUNTIME_VIRTUALENV": str(Path(sys.prefix))}
    with subprocess.Popen(
        [STARTER, "127.0.0.1:1"], cwd=ROOT, env=options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _port(plugin: subprocess.Popen[str]) -> int:
    assert plugin.stdout
    return int(plugin.stdout.readline())


def test_it_serves_at_the_port_that_it_prints(plugin: subprocess.Popen[str]) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{_port(plugin)}") as channel:
        answer = ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=SECONDS)

    assert answer.version == ""


def test_it_ends_on_a_signal(plugin: subprocess.Popen[str]) -> None:
    _port(plugin)

    plugin.terminate()

    assert plugin.wait(SECONDS) == 0


def test_it_ends_with_an_engine_that_was_killed(plugin: subprocess.Popen[str]) -> None:
    _port(plugin)
    assert plugin.stdin

    plugin.stdin.close()

    assert plugin.wait(SECONDS) == 0
