"""A whole workspace is backed up to one file and restored identically: in its own home, and renamed in another one."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from tests.support import archives, online_deployments
from tests.support.environment import Environment, make_environment
from tests.support.journal import Journal
from tests.support.mlflow_client import differences, read_runs, write_runs
from tests.support.object_store import s3_client
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack, ephemeral_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import vault_client, write_secret

BUCKET = "azureml"
PASSPHRASE = "correct horse battery staple"
MARKER = "of-the-original"
PRINCIPAL = "ada"
ENCRYPTED, SECRET_OF_THE_FILE = "mine:token", "a-secret-of-the-stack-file"


@dataclass(frozen=True, kw_only=True, slots=True)
class Archived:
    """A workspace with data, and its archive."""

    live: LiveStack
    archive: Path
    written: Finished
    runs: Mapping[str, Any]
    """Runs, models and artifacts, as MLflow's client found them before the backup."""

    served: online_deployments.Served
    """An online endpoint."""

    @property
    def passphrase_file(self) -> str:
        """The file with its passphrase."""
        return str(self.archive.with_suffix(".passphrase"))


def fill(live: LiveStack) -> None:
    """Write versions, deletions, folders and one of everything."""
    Journal(stack=live.stack.name, outputs=live.outputs, marker=MARKER).write()
    client = s3_client(live.outputs)
    for body in (b"first", b"second"):
        client.put_object(Bucket=BUCKET, Key="versions/a", Body=body, ContentType="text/x-test", Metadata={"of": "a"})
    client.put_object(Bucket=BUCKET, Key="versions/deleted", Body=b"gone")
    client.delete_object(Bucket=BUCKET, Key="versions/deleted")
    client.put_object(Bucket=BUCKET, Key="large", Body=os.urandom(3 << 20))
    for value in ("one", "two", "three"):
        write_secret(live.outputs, "folder/versions", {"value": value})
    vault_client(live.outputs).secrets.kv.v2.delete_secret_versions(
        path="folder/versions", versions=[2], mount_point="secret"
    )


@pytest.fixture(scope="module")
def archived(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    """A workspace with data, backed up."""
    folder = tmp_path_factory.mktemp("archive")
    archive = folder / "workspace.mlw"
    archive.with_suffix(".passphrase").write_text(f"{PASSPHRASE}\n")
    roles = [{"principal": PRINCIPAL, "role": "Reader"}]
    # All names follow from the instance.
    with ephemeral_stack(environment, roleAssignments=roles, keyVault=None, tracking={}, inference={}) as stack:
        stack.pulumi("config set", "--secret", ENCRYPTED, SECRET_OF_THE_FILE).check()
        stack.up().check()
        live = LiveStack(stack=stack, outputs=stack.outputs())
        fill(live)
        runs = write_runs(live.outputs, "of-mlflow")
        served = online_deployments.deploy(stack, tmp_path_factory.mktemp("online"))
        written = environment.mlw("backup", stack.name, str(archive), MLW_ARCHIVE_PASSPHRASE=PASSPHRASE).check()
        yield Archived(live=live, archive=archive, written=written, runs=runs, served=served)


@pytest.fixture(scope="module")
def copied(archived: Archived, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """The archive restored next to its original: another home, with another passphrase, and another name."""
    original = archived.live.stack
    home = make_environment(original.environment.project, tmp_path_factory.mktemp("other-home"))
    stack = replace(original, name=f"{original.name}-copy", environment=home)
    try:
        restored = home.mlw(
            "restore", str(archived.archive), "--stack", stack.name, "--passphrase-file", archived.passphrase_file
        ).check()
        assert "another instance" in restored.output
        yield LiveStack(stack=stack, outputs=stack.outputs())
    finally:
        stack.remove()


def test_the_archive_is_private_and_contains_no_plain_text(archived: Archived) -> None:
    content = archived.archive.read_bytes()

    assert archived.archive.stat().st_mode & 0o777 == 0o600
    for word in [*archived.live.secrets, MARKER, SECRET_OF_THE_FILE, "ml-workspace:workload", PASSPHRASE]:
        assert word.encode() not in content
    assert [path.name for path in archived.archive.parent.glob("*unfinished*")] == []


def test_the_original_keeps_working(archived: Archived, engine: DockerClient) -> None:
    states = [engine.api.inspect_container(one)["State"] for one in archived.live.stack.objects().containers]

    assert [(state["Running"], state["Paused"]) for state in states] == [(True, False)] * 8
    assert_unchanged(archived.live.stack.preview())


def test_blobs_are_equal_in_every_version(archived: Archived, copied: LiveStack) -> None:
    original = archives.blobs(archived.live.outputs)

    assert archives.blobs(copied.outputs) == original
    assert {entry[6] for entry in original} > {b"first", b"second", b"gone", MARKER.encode()}


def test_secrets_are_equal_in_every_version(archived: Archived, copied: LiveStack) -> None:
    original = archives.secrets(archived.live.outputs)

    # Keys of online endpoints are stored under the workspace's name; the copy has them under its own as well.
    own = f"online-endpoints/{copied.outputs['workspace']['name']}/"
    found = {path: versions for path, versions in archives.secrets(copied.outputs).items() if not path.startswith(own)}
    assert found == original
    assert [values for _, values in original["folder/versions"]] == [{"value": "one"}, None, {"value": "three"}]


def test_images_and_telemetry_are_equal(archived: Archived, copied: LiveStack) -> None:
    assert archives.images(copied.outputs) == archives.images(archived.live.outputs)
    Journal(stack=copied.stack.name, outputs=copied.outputs, marker=MARKER).verify_signals()


def test_runs_models_and_artifacts_are_equal(archived: Archived, copied: LiveStack) -> None:
    Journal(stack=copied.stack.name, outputs=copied.outputs, marker=MARKER).verify_run()
    assert differences(read_runs(copied.outputs), archived.runs) == []


def test_online_endpoints_serve_again_with_the_keys_that_they_had(archived: Archived, copied: LiveStack) -> None:
    served = online_deployments.find(copied.stack)

    assert served.keys == archived.served.keys
    assert served.uri != archived.served.uri
    asked = [one.ask(which) for one in (served, archived.served) for which in ("primaryKey", "secondaryKey")]
    assert asked == [online_deployments.SUM] * 4


def test_credentials_and_principals_are_those_of_the_original(archived: Archived, copied: LiveStack) -> None:
    of_copy, of_original = (vault_client(one.outputs) for one in (copied, archived.live))
    assert copied.secrets == archived.live.secrets
    found = [
        client.secrets.kv.v2.read_secret_version(
            path=PRINCIPAL, mount_point="principals", raise_on_deleted_version=True
        )
        for client in (of_copy, of_original)
    ]
    without_ports = [{key: value for key, value in one["data"]["data"].items() if key != "endpoints"} for one in found]
    assert without_ports[0] == without_ports[1]
    assert without_ports[0]["storageSecretKey"]


def test_the_copy_shares_nothing_with_its_original(archived: Archived, copied: LiveStack, marker: str) -> None:
    before = archives.blobs(archived.live.outputs, with_content=False)
    client = s3_client(copied.outputs)
    written = client.put_object(Bucket=BUCKET, Key=marker, Body=b"of the copy")

    own, others = copied.stack.objects(), archived.live.stack.objects()
    assert archives.blobs(archived.live.outputs, with_content=False) == before
    assert not set(own.names["volumes"]) & set(others.names["volumes"])
    assert copied.outputs["workspace"]["workspaceId"] == archived.live.outputs["workspace"]["workspaceId"]
    assert copied.outputs["workspace"]["id"] != archived.live.outputs["workspace"]["id"]
    client.delete_object(Bucket=BUCKET, Key=marker, VersionId=written["VersionId"])


def test_the_copy_is_an_ordinary_stack(copied: LiveStack) -> None:
    objects = copied.stack.objects()

    assert_unchanged(copied.stack.preview())
    assert_unchanged(copied.stack.refresh())
    assert json.loads(copied.stack.environment.mlw("diagnose", copied.stack.name).check().stdout) == {}
    assert copied.stack.objects() == objects
    shown = copied.stack.pulumi("config get", ENCRYPTED).check()
    assert shown.stdout.strip() == SECRET_OF_THE_FILE


@pytest.mark.fault("the passphrase of an archive is wrong", "the restore fails before anything is created")
def test_a_wrong_passphrase_changes_nothing(archived: Archived) -> None:
    environment = archived.live.stack.environment

    refused = environment.mlw("restore", str(archived.archive), "--stack", "never", MLW_ARCHIVE_PASSPHRASE="wrong")

    assert refused.exit_code == 1
    assert "another passphrase" in refused.output
    assert "Traceback" not in refused.output
    assert not (environment.stack_folder / "Pulumi.never.yaml").exists()


@pytest.mark.fault("an archive is damaged", "the restore fails before anything is created")
def test_a_damaged_archive_changes_nothing(archived: Archived, tmp_path: Path) -> None:
    environment, damaged = archived.live.stack.environment, tmp_path / "damaged.mlw"
    content = bytearray(archived.archive.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)

    refused = environment.mlw("restore", str(damaged), "--stack", "never", MLW_ARCHIVE_PASSPHRASE=PASSPHRASE)

    assert refused.exit_code == 1
    assert "it is damaged" in refused.output
    assert not (environment.stack_folder / "Pulumi.never.yaml").exists()


def test_an_existing_stack_is_not_overwritten(archived: Archived) -> None:
    stack = archived.live.stack
    before = stack.objects()

    refused = stack.environment.mlw("restore", str(archived.archive), MLW_ARCHIVE_PASSPHRASE=PASSPHRASE)

    assert refused.exit_code == 1
    assert "already has a stack of this name" in refused.output
    assert stack.objects() == before


def test_the_same_name_in_another_home_is_rejected_with_what_to_set(
    archived: Archived, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stack = archived.live.stack
    home = make_environment(stack.environment.project, tmp_path_factory.mktemp("third-home"))
    before = stack.objects()

    refused = home.mlw("restore", str(archived.archive), MLW_ARCHIVE_PASSPHRASE=PASSPHRASE)

    assert refused.exit_code == 1
    assert "do not belong to this stack" in refused.output
    assert "ml-workspace:instance" in refused.output
    assert stack.objects() == before


def test_an_existing_stack_file_is_used_and_kept(archived: Archived, tmp_path_factory: pytest.TempPathFactory) -> None:
    stack = replace(archived.live.stack, name=f"{archived.live.stack.name}-fixed")
    home = make_environment(stack.environment.project, tmp_path_factory.mktemp("fourth-home"))
    stack.configure(keyVault={"name": archived.live.name_of("keyVault")}, instance="003")
    file = stack.environment.stack_folder / f"Pulumi.{stack.name}.yaml"
    before, text = archived.live.stack.objects(), file.read_text()

    refused = home.mlw("restore", str(archived.archive), "--stack", stack.name, MLW_ARCHIVE_PASSPHRASE=PASSPHRASE)

    assert refused.exit_code == 1
    assert file.read_text() == text
    assert "do not belong to this stack" in refused.output
    assert archived.live.stack.objects() == before
    for left in file.parent.glob(f"{file.name}*"):
        left.unlink()


@pytest.mark.fault("the disk is full during a backup", "no archive is left, and the workspace keeps running")
def test_a_full_disk_leaves_no_archive_and_a_running_workspace(archived: Archived) -> None:
    """A limit on the size of files simulates the full disk."""
    stack, target = archived.live.stack, archived.archive.with_name("too-large.mlw")
    limited = ["bash", "-c", 'ulimit -f 256; exec mlw backup "$0" "$1"', stack.name, str(target)]

    failed = run(
        limited,
        cwd=stack.environment.project,
        env={**stack.environment.variables, "MLW_ARCHIVE_PASSPHRASE": PASSPHRASE},
    )

    assert failed.exit_code == 1, failed.output
    assert "File too large" in failed.output
    assert not list(target.parent.glob("*too-large*"))
    assert_unchanged(stack.preview())
