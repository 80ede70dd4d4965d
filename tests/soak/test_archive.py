"""A workspace with much data is restored identically in another home under another name, and in its own."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from docker import DockerClient

from tests.support import archives
from tests.support.environment import copy_project, make_environment
from tests.support.object_store import s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.probes import probe_until
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack, Stack, ephemeral_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import write_secret

OBJECTS, SECRETS, IMAGES, SPANS = 10_000, 200, 20, 100_000
BUCKET, PASSPHRASE, SPAN = "azureml", "correct horse battery staple", "archived-span"
WRITERS, BATCH, VERSIONS = 8, 500, 3
"""Clients at a time, spans of a request, versions of every tenth object and of every secret."""

FILED_SECONDS = 600.0
HOUR = 3600.0


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long something took."""
    started = time.monotonic()
    yield
    print(f"\n{what}: {time.monotonic() - started:.1f} s")


def in_parallel(write: Callable[[int], object], count: int) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(count)))


def fill(live: LiveStack, scale: float) -> int:
    """Write all of it; return the number of spans."""
    client, outputs = s3_client(live.outputs), live.outputs

    def put(number: int) -> None:
        for _ in range(VERSIONS if number % 10 == 0 else 1):
            client.put_object(Bucket=BUCKET, Key=f"many/{number % 100}/{number}", Body=os.urandom(1 + number % 4096))

    def keep(number: int) -> None:
        for version in range(VERSIONS):
            write_secret(outputs, f"many/{number}", {"value": f"{number}-{version}"})

    def push(number: int) -> None:
        registry_client(outputs).push(f"many/{number % 5}", f"v{number}", tiny_image(os.urandom(100_000)))

    batches = max(1, int(SPANS * scale) // BATCH)
    with timed("written"):
        in_parallel(put, int(OBJECTS * scale))
        in_parallel(keep, int(SECRETS * scale))
        in_parallel(push, int(IMAGES * scale))
        in_parallel(lambda number: send(outputs, number), batches)
    return batches * BATCH


def send(outputs: dict[str, Any], batch: int) -> None:
    """Send one request of spans and require an acknowledgement."""
    spans = [
        {
            "traceId": uuid.uuid4().hex,
            "spanId": uuid.uuid4().hex[:16],
            "name": f"{SPAN}-{batch}-{number}",
            "kind": 1,
            "startTimeUnixNano": str(time.time_ns()),
            "endTimeUnixNano": str(time.time_ns()),
        }
        for number in range(BATCH)
    ]
    requests.post(
        f"{outputs['endpoints']['otlpHttp']}/v1/traces",
        json={"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]},
        headers={"Authorization": f"Bearer {outputs['credentials']['telemetry']['token']}"},
        timeout=60,
    ).raise_for_status()


def everything(stack: Stack, spans: int) -> dict[str, object]:
    """Return all that outside clients read, once all spans are in the files."""
    outputs = stack.outputs()

    def filed() -> None:
        count, names, _ = archives.span_names(outputs, SPAN)
        assert count == names == spans, f"{count} spans with {names} names of {spans}"

    probe_until(filed, what="spans in the insights store", timeout_seconds=FILED_SECONDS, interval_seconds=2)
    return {
        "blobs": archives.blobs(outputs),
        "secrets": archives.secrets(outputs),
        "images": archives.images(outputs),
        "spans": archives.span_names(outputs, SPAN),
        "credentials": {name: one for name, one in outputs["credentials"].items() if name != "registry"},
        "workspace": outputs["workspace"]["workspaceId"],
    }


def mlw(stack: Stack, *words: str) -> Finished:
    environment = stack.environment
    variables = {**environment.variables, "MLW_ARCHIVE_PASSPHRASE": PASSPHRASE}
    return run(["mlw", *words], cwd=environment.project, env=variables, timeout_seconds=HOUR).check()


def test_a_full_workspace_is_restored_identically_in_another_home_and_name_and_in_its_own(
    engine: DockerClient, tmp_path: Path, soak_scale: float
) -> None:
    environment = make_environment(copy_project(tmp_path / "project"), tmp_path / "home")
    other = make_environment(environment.project, tmp_path / "other-home")
    there, back = str(tmp_path / "there.mlw"), str(tmp_path / "back.mlw")

    with ephemeral_stack(environment, keyVault=None) as stack:
        stack.lifecycle("up").check()
        spans = fill(LiveStack(stack=stack, outputs=stack.outputs()), soak_scale)
        original = everything(stack, spans)
        copy = replace(stack, name=f"{stack.name}-copy", environment=other)

        with timed("backup"):
            print(mlw(stack, "backup", stack.name, there).stdout)
        try:
            with timed("restore to another home and name"):
                mlw(copy, "restore", there, "--stack", copy.name)
            assert everything(copy, spans) == original
            assert_unchanged(copy.preview())
            stack.lifecycle("down").check()
            mlw(copy, "backup", copy.name, back)
        finally:
            copy.remove()

        with timed("restore to the first home and name"):
            mlw(stack, "restore", back, "--stack", stack.name)
        assert everything(stack, spans) == original
        assert_unchanged(stack.preview())
