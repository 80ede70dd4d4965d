"""A soft-deleted workspace: which commands know it, what it keeps, and how it is recovered.

One deleted workspace with data; every test leaves it deleted. `fault/test_killed_deletions.py` covers purging.
"""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environment import Environment, make_environment
from tests.support.mlflow_client import differences, read_runs, write_runs
from tests.support.object_store import s3_client
from tests.support.stack_file import valid_settings
from tests.support.stacks import Stack, ephemeral_stack
from tests.support.vault import read_secret, write_secret

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, KEY, PATH = "azureml", "kept", "kept"


@dataclass(frozen=True)
class Kept:
    """A soft-deleted stack and what it had before."""

    stack: Stack
    outputs: dict[str, Any]
    identity: str
    versions: list[tuple[str, bytes]]
    runs: dict[str, Any]
    """Runs, models and artifacts, as MLflow's client found them."""


@pytest.fixture(scope="module")
def kept(environment: Environment) -> Iterator[Kept]:
    """A workspace with versions of a blob and a secret, deleted; purged at the end."""
    with ephemeral_stack(environment, workspace={"softDeleteRetentionInDays": 14}, tracking={}) as stack:
        stack.lifecycle("up").check()
        outputs = stack.outputs()
        s3 = s3_client(outputs)
        for body in (b"first", b"second"):
            s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)
        write_secret(outputs, PATH, {"value": "data"})
        made = Kept(stack, outputs, identity_of(stack), versions(s3), write_runs(outputs, PATH))
        deleted = stack.lifecycle("down").check().output
        assert deleted.index("Keeping until") < deleted.index("Inventory"), "what is kept is reported first"
        yield made
        assert "Nothing was removed" in environment.mlw("deleted", "purge", stack.name).output
        purged = environment.mlw("deleted", "purge", stack.name, "--yes").check().output
        assert f"Stack '{stack.name}' is purged." in purged
        assert not stack.objects(), str(stack.objects())
        assert stack.files_in_backend() == []


def identity_of(stack: Stack) -> str:
    """Identity of the stack according to its state."""
    held = json.loads(stack.state_file.read_text())["checkpoint"]["latest"]["resources"]
    return next(str(one["outputs"]["stack_id"]) for one in held if one["type"].endswith(":StackIdentity"))


def versions(s3: "S3Client") -> list[tuple[str, bytes]]:
    """Ids and contents of all versions of the blob, the newest first."""
    found = s3.list_object_versions(Bucket=BUCKET, Prefix=KEY)["Versions"]
    ids = [one["VersionId"] for one in found]
    return [(i, s3.get_object(Bucket=BUCKET, Key=KEY, VersionId=i)["Body"].read()) for i in ids]


def test_containers_networks_and_ports_are_free_and_data_and_state_are_kept(kept: Kept) -> None:
    objects = kept.stack.objects()

    assert not objects.containers
    assert not objects.networks
    assert len(objects.volumes) == 18, "17 with data, and one that says that it is deleted"
    assert kept.stack.state_file.is_file()
    assert (kept.stack.environment.home / "ports.json").read_text().count(kept.identity) == 0


def test_every_command_reports_that_it_is_deleted(kept: Kept) -> None:
    stack, mlw = kept.stack, kept.stack.environment.mlw

    listed = json.loads(mlw("list", "--json").check().stdout)
    status, up, down = stack.lifecycle("status"), stack.lifecycle("up"), stack.lifecycle("down")
    diagnosed = json.loads(mlw("diagnose", stack.name).stdout)
    (deleted,) = json.loads(mlw("deleted", "list", "--json").check().stdout)

    assert [one["provisioningState"] for one in listed if one["stack"] == stack.name] == ["SoftDeleted"]
    assert deleted["stack"] == stack.name
    assert (deleted["scheduledPurgeDate"] > deleted["deletionDate"], deleted["purge"]) == (True, "allowed")
    assert diagnosed["other"][0]["code"] == "WorkspaceSoftDeleted"
    assert (status.exit_code, up.exit_code, down.exit_code) == (0, 1, 0)
    for shown in (status.output, up.output):
        assert "soft-deleted workspace exists" in shown
        assert f"mlw deleted recover {stack.name}" in shown
    assert deleted["scheduledPurgeDate"] in down.output, "a second `down` does not move the date"


@pytest.mark.parametrize(
    ("verb", "told"),
    [("up", "Please purge or recover it"), ("preview", "Please purge or recover it"), ("destroy", "make down")],
)
def test_bare_pulumi_is_refused_and_removes_nothing(kept: Kept, verb: str, told: str) -> None:
    before = kept.stack.objects()
    flags = () if verb == "preview" else ("--yes", "--skip-preview")

    refused = kept.stack.pulumi(verb, *flags)

    assert refused.exit_code != 0
    assert told in refused.output
    assert kept.stack.objects() == before


def test_its_names_count_as_taken(kept: Kept) -> None:
    settings = valid_settings("t0xyz", keyVault={"name": f"kv-{kept.stack.workload}"}, instance="002")
    other = Stack(name="stack-t0xyz", workload="t0xyz", environment=kept.stack.environment, settings=settings)
    other.configure()
    try:
        refused = other.lifecycle("up")
    finally:
        (other.environment.stack_folder / f"Pulumi.{other.name}.yaml").unlink()

    assert refused.exit_code == 1
    assert f"stack '{kept.stack.name}' already has the key vault 'kv-{kept.stack.workload}'" in refused.output
    assert "soft-deleted and kept until" in refused.output
    assert f"`mlw deleted recover {kept.stack.name}`" in refused.output


def test_another_home_names_it_and_leaves_it_alone(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_environment(kept.stack.environment.project, tmp_path_factory.mktemp("other-home"))
    namesake = replace(kept.stack, environment=other)
    before = kept.stack.objects()

    down, up, expired = namesake.lifecycle("down"), namesake.lifecycle("up"), other.mlw("expire").check()
    listed, purged = other.mlw("deleted", "list").check(), other.mlw("deleted", "purge", kept.stack.name, "--yes")
    namesake.lifecycle("down")

    assert (down.exit_code, up.exit_code, purged.exit_code) == (1, 1, 1)
    for shown in (down.output, up.output, expired.output, listed.output):
        assert "soft-deleted" in shown
        assert kept.stack.environment.variables["PULUMI_BACKEND_URL"] in shown, "whose it is"
    assert kept.stack.objects() == before


def test_it_is_recovered_although_its_port_and_stack_file_are_gone(kept: Kept) -> None:
    stack, mlw = kept.stack, kept.stack.environment.mlw
    file = stack.environment.stack_folder / f"Pulumi.{stack.name}.yaml"
    file.unlink()
    with socket.create_server(("127.0.0.1", int(kept.outputs["endpoints"]["storage"].rpartition(":")[2]))):
        mlw("deleted", "recover", stack.name).check()

    outputs = stack.outputs()
    assert file.is_file()
    assert outputs["workspace"] == kept.outputs["workspace"]
    assert outputs["credentials"] == kept.outputs["credentials"]
    assert outputs["endpoints"]["storage"] != kept.outputs["endpoints"]["storage"]
    assert outputs["endpoints"]["keyVault"] == kept.outputs["endpoints"]["keyVault"]
    assert identity_of(stack) == kept.identity
    assert versions(s3_client(outputs)) == kept.versions
    assert read_secret(outputs, PATH) == {"value": "data"}
    assert differences(read_runs(outputs), kept.runs) == []
    assert mlw("diagnose", stack.name).check()
    assert "not soft-deleted" in mlw("deleted", "recover", stack.name).output
    stack.lifecycle("down").check()
