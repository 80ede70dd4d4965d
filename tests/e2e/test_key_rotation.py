"""`mlw keys rotate` replaces credentials, disturbs each client at most once and prints no secret."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest
from botocore.exceptions import ClientError

from tests.support.datastores import datastore_client, read_datastore_secret
from tests.support.environment import Environment
from tests.support.insights import insights_client
from tests.support.object_store import admin_client, s3_client
from tests.support.oci import RegistryClient
from tests.support.otlp import Protocol, send
from tests.support.principals import RefusedError, person
from tests.support.processes import Finished, finish, kill_session, start
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, live_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATASTORE, PRINCIPAL = "workspaceblobstore", "dora"
ROTATIONS = 3
MAX_REQUESTS = 5000
OLD_KEYS = r"InvalidAccessKeyId|SignatureDoesNotMatch"


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with a principal."""
    assignments = [{"principal": PRINCIPAL, "role": "DataScientist"}]
    with live_stack(environment, roleAssignments=assignments) as stack:
        yield stack


def rotate(live: LiveStack, *options: str) -> Finished:
    """Rotate as a user does."""
    return live.stack.environment.mlw("keys", "rotate", live.stack.name, *options)


@pytest.fixture
def outputs(live: LiveStack) -> dict[str, Any]:
    """The stack's current outputs: another test may have rotated its credentials."""
    return live.stack.outputs()


@dataclass
class Client:
    """A client that keeps its keys, rereads the vault when they are rejected, and retries once."""

    outputs: dict[str, Any]
    done: list[str] = field(default_factory=list)
    renewed: int = 0
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.secret = read_datastore_secret(self.outputs, DATASTORE)
        self.s3 = datastore_client(self.outputs, self.secret)

    def request(self, key: str, operation: Callable[["S3Client", str, str], object]) -> None:
        try:
            operation(self.s3, self.secret["container"], key)
        except ClientError:
            self.renew()
            self.renewed += 1
            try:
                operation(self.s3, self.secret["container"], key)
            except ClientError as exc:
                self.failed.append(f"{key}: {exc}")
                return
        self.done.append(key)

    def work(self, prefix: str, started: threading.Event, ended: threading.Event) -> None:
        """Write a blob and read it back, again and again."""
        for number in range(MAX_REQUESTS):
            if ended.is_set():
                return
            self.request(f"{prefix}-{number}", write)
            self.request(f"{prefix}-{number}", read)
            started.set()


def write(s3: "S3Client", bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def read(s3: "S3Client", bucket: str, key: str) -> None:
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()


def test_under_load_no_request_fails_twice(live: LiveStack, outputs: dict[str, Any], marker: str) -> None:
    clients, ended = [Client(outputs) for _ in range(3)], threading.Event()
    first, started = clients[0].secret, [threading.Event() for _ in clients]
    threads = [
        threading.Thread(target=client.work, args=(f"{marker}-{number}", started[number], ended))
        for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        assert all(event.wait(20) for event in started)
        for _ in range(ROTATIONS):
            rotate(live, "--datastore", DATASTORE).check()
    finally:
        ended.set()
        for thread in threads:
            thread.join()

    assert [failure for client in clients for failure in client.failed] == []
    assert all(1 <= client.renewed <= ROTATIONS for client in clients)
    assert listed(outputs, marker) == {key for client in clients for key in client.done}
    with pytest.raises(ClientError, match=OLD_KEYS):
        datastore_client(outputs, first).list_objects_v2(Bucket=first["container"])


def listed(outputs: dict[str, Any], prefix: str) -> set[str]:
    """Keys of all blobs below a prefix of the datastore, over all pages."""
    secret = read_datastore_secret(outputs, DATASTORE)
    pages = datastore_client(outputs, secret).get_paginator("list_objects_v2")
    return {
        found["Key"]
        for page in pages.paginate(Bucket=secret["container"], Prefix=prefix)
        for found in page.get("Contents", [])
    }


def accounts_like(outputs: dict[str, Any], access_key: str) -> list[str]:
    """Access keys of service accounts that differ from this one in the last character at most."""
    owner = outputs["credentials"]["storage"]["accessKey"]
    found = json.loads(admin_client(outputs).list_service_account(owner))["accounts"]
    return [account["accessKey"] for account in found if account["accessKey"][:-1] == access_key[:-1]]


def test_killed_rotation_is_finished_by_the_next_one(live: LiveStack, outputs: dict[str, Any]) -> None:
    """At one moment on a real account; tests/unit/clients/test_datastore_accounts.py has all of them."""
    environment, before = live.stack.environment, read_datastore_secret(outputs, DATASTORE)
    command = ["mlw", "keys", "rotate", live.stack.name, "--datastore", DATASTORE]
    process = start(command, cwd=environment.project, env=environment.variables)
    assert process.stdout is not None
    assert "Rotating datastore" in process.stdout.readline()
    moment = random.uniform(0, 0.06)  # noqa: S311 - guards nothing
    threading.Event().wait(moment)
    kill_session(process.pid)
    finish(process, timeout_seconds=20)
    # Wherever it was interrupted, the vault's keys are valid.
    secret = read_datastore_secret(outputs, DATASTORE)
    datastore_client(outputs, secret).list_objects_v2(Bucket=secret["container"])

    rotate(live, "--datastore", DATASTORE).check()

    secret = read_datastore_secret(outputs, DATASTORE)
    datastore_client(outputs, secret).list_objects_v2(Bucket=secret["container"])
    assert accounts_like(outputs, secret["accessKey"]) == [secret["accessKey"]]
    with pytest.raises(ClientError, match=OLD_KEYS):
        datastore_client(outputs, before).list_objects_v2(Bucket=secret["container"])


def lets_in(live: LiveStack, outputs: dict[str, Any], marker: str) -> dict[str, bool]:
    """Which services accept credentials at the live stack's endpoints."""
    held = outputs["credentials"]
    where = {**live.outputs, "credentials": held}
    registry = RegistryClient(where, credentials=(held["registry"]["username"], held["registry"]["password"]))
    sent = send(Protocol.HTTP, live.outputs["endpoints"], held["telemetry"]["token"], marker, ca_file=None)
    return {
        "storage": not refused(lambda: s3_client(where).list_buckets()),
        "registry": registry.request("GET", "").status_code == 200,
        "keyVault": not refused(lambda: vault_client(where).secrets.kv.v2.list_secrets("", mount_point="datastores")),
        "telemetry": all(sent.values()),
        "insights": insights_client(where).ask("SELECT 1").status_code == 200,
    }


def refused(operation: Callable[[], object]) -> bool:
    try:
        operation()
    except (ClientError, hvac.exceptions.Forbidden):
        return True
    return False


def test_everything_is_rotated_together(live: LiveStack, outputs: dict[str, Any], marker: str) -> None:
    before = outputs
    datastores = {store["name"]: read_datastore_secret(before, store["name"]) for store in before["datastores"]}
    principal = person(before, PRINCIPAL)
    assert set(lets_in(live, before, marker).values()) == {True}

    finished = rotate(live, "--all").check()
    after = live.stack.outputs()

    assert set(lets_in(live, before, marker).values()) == {False}
    assert set(lets_in(live, after, marker).values()) == {True}
    assert after["credentials"]["storage"]["accessKey"] == before["credentials"]["storage"]["accessKey"]
    assert {key: after[key] for key in ("workspace", "endpoints", "datastores")} == {
        key: before[key] for key in ("workspace", "endpoints", "datastores")
    }
    for name, old in datastores.items():
        with pytest.raises(ClientError, match=OLD_KEYS):
            datastore_client(after, old).list_objects_v2(Bucket=old["container"])
        new = read_datastore_secret(after, name)
        assert datastore_client(after, new).list_objects_v2(Bucket=new["container"])["KeyCount"] >= 0
    renewed = person(after, PRINCIPAL)
    changing = ("keyVaultPassword", "storageSecretKey", "registryPassword", "telemetryToken", "insightsToken")
    assert all(renewed.held[key] != principal.held[key] for key in changing)
    with pytest.raises(RefusedError, match=PRINCIPAL):
        assert principal.again().vault
    assert renewed.vault.is_authenticated()
    with pytest.raises(ClientError, match=OLD_KEYS):
        s3_client(after, accessKey=PRINCIPAL, secretKey=principal.held["storageSecretKey"]).list_buckets()
    assert s3_client(after, accessKey=PRINCIPAL, secretKey=renewed.held["storageSecretKey"]).list_buckets()

    said = finished.output
    for words in ("service 'storage'", "its container restarts", "principal 'dora'", f"datastore '{DATASTORE}'"):
        assert words in said
    secrets = [
        *(outputs["credentials"][service][key] for outputs in (before, after) for service, key in SECRETS),
        *(one.held[key] for one in (principal, renewed) for key in changing),
        *(old["secretKey"] for old in datastores.values()),
        *(read_datastore_secret(after, name)["secretKey"] for name in datastores),
    ]
    assert not [secret for secret in secrets if secret in said]
    assert_unchanged(live.stack.refresh())


SECRETS = (
    ("storage", "secretKey"),
    ("registry", "password"),
    ("keyVault", "token"),
    ("telemetry", "token"),
    ("insights", "token"),
)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ("missing option", "--datastore NAME", "--all")),
        (("--datastore", "nowhere"), ("datastore 'nowhere'", DATASTORE)),
        (("--principal", "nobody"), ("principal 'nobody'", PRINCIPAL)),
        (("--service", "nothing"), ("service 'nothing'", "insights, keyVault, registry, storage, telemetry")),
    ],
    ids=["nothing", "no such datastore", "no such principal", "no such service"],
)
def test_unknown_name_is_rejected_with_the_existing_ones(
    live: LiveStack, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_refused(rotate(live, *options), *words)
