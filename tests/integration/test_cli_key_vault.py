"""`mlw secrets` and `mlw keyvault` on a workspace with purge protection, as a user runs them."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hvac
import pytest

from tests.support.environment import Environment
from tests.support.processes import Finished, run
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack, live_stack
from tests.support.updates import assert_unchanged
from tests.support.vault import read_secret, vault_client, write_secret

RETENTION_DAYS = 7


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """A workspace with a principal, whose key vault has purge protection."""
    key_vault = {"enablePurgeProtection": True, "softDeleteRetentionInDays": RETENTION_DAYS}
    assignments = [{"principal": "ana", "role": "DataScientist"}]
    with live_stack(environment, keyVault=key_vault, roleAssignments=assignments) as stack:
        yield stack


def mlw(live: LiveStack, group: str, command: str, *words: str, value: str = "") -> Finished:
    """Run a command on the stack; the value comes from standard input."""
    environment = live.stack.environment
    script = f'printf %s "$VALUE" | mlw {group} {command} "$@"'
    variables = {**environment.variables, "VALUE": value}
    return run(
        ["sh", "-c", script, "sh", live.stack.name, *words], cwd=environment.project, env=variables, timeout_seconds=120
    )


def listed(live: LiveStack, name: str, *options: str) -> dict[str, Any] | None:
    """Return the entry of one secret; None when it is not listed."""
    entries = json.loads(mlw(live, "secrets", "list", "--json", *options).check().stdout)
    return next((entry for entry in entries if entry["name"] == name), None)


def test_a_written_secret_is_listed_without_its_value(live: LiveStack, marker: str) -> None:
    words = ["--content-type", "text/plain", "--expires", "2027-01-31"]
    mlw(live, "secrets", "set", f"team/{marker}", *words, value="s3cret-value").check()

    shown = mlw(live, "secrets", "list").check()

    assert read_secret(live.outputs, f"team/{marker}") == {"value": "s3cret-value"}
    assert f"team/{marker}" in shown.stdout
    assert "s3cret-value" not in shown.output
    entry = listed(live, f"team/{marker}")
    assert entry is not None
    assert (entry["contentType"], entry["expires"], entry["deletedDate"]) == ("text/plain", "2027-01-31", None)


def test_a_secret_is_shown_as_it_was_written(live: LiveStack, marker: str) -> None:
    mlw(live, "secrets", "set", marker, value="two\nlines\n").check()
    write_secret(live.outputs, f"{marker}-login", {"user": "ana", "password": "p\u00e4ss"})

    assert mlw(live, "secrets", "show", marker).check().stdout == "two\nlines\n"
    assert mlw(live, "secrets", "show", f"{marker}-login", "--query", "password").check().stdout == "p\u00e4ss\n"
    assert_refused(mlw(live, "secrets", "show", f"{marker}-login"), "no field 'value'; fields: password, user")
    assert_refused(mlw(live, "secrets", "show", f"{marker}-logn"), f"Did you mean '{marker}-login'")


def test_a_deleted_secret_is_not_shown(live: LiveStack, marker: str) -> None:
    write_secret(live.outputs, marker, {"value": "1"})
    mlw(live, "secrets", "delete", marker).check()

    refused = mlw(live, "secrets", "show", marker)

    assert_refused(refused, "it was deleted on", f"`mlw secrets recover {live.stack.name} {marker}`")


def test_credentials_of_a_principal_can_be_handed_over(live: LiveStack) -> None:
    shown = live.stack.environment.mlw("keys", "show", live.stack.name, "--principal", "ana").check()

    credentials = json.loads(shown.stdout)
    client = vault_client(live.outputs, token="")
    client.auth.userpass.login(credentials["keyVaultUsername"], credentials["keyVaultPassword"])
    kept = client.secrets.kv.v2.read_secret_version("ana", mount_point="principals", raise_on_deleted_version=True)
    assert kept["data"]["data"] == credentials


def test_an_unknown_principal_is_refused(live: LiveStack) -> None:
    refused = live.stack.environment.mlw("keys", live.stack.name, "--principal", "anna")

    assert_refused(refused, "no such principal in stack", "Did you mean 'ana'?")


def test_a_new_version_keeps_content_type_and_expiry(live: LiveStack, marker: str) -> None:
    mlw(live, "secrets", "set", marker, "--content-type", "text/plain", value="one").check()

    mlw(live, "secrets", "set", marker, "--expires", "2027-01-31", value="two").check()

    entry = listed(live, marker)
    assert entry is not None
    assert (entry["version"], entry["contentType"], entry["expires"]) == (2, "text/plain", "2027-01-31")


def test_an_invalid_expiry_date_is_rejected(live: LiveStack, marker: str) -> None:
    assert_refused(mlw(live, "secrets", "set", marker, "--expires", "soon", value="one"), "'soon'", "ISO 8601")


def test_a_deleted_secret_has_a_purge_date_and_is_recovered(live: LiveStack, marker: str) -> None:
    write_secret(live.outputs, marker, {"a": "1"})
    write_secret(live.outputs, marker, {"a": "2"})

    mlw(live, "secrets", "delete", marker).check()
    with pytest.raises(hvac.exceptions.InvalidPath):
        read_secret(live.outputs, marker)
    entry = listed(live, marker, "--deleted")
    mlw(live, "secrets", "recover", marker).check()

    assert entry is not None
    assert entry["scheduledPurgeDate"] > entry["deletedDate"]
    assert read_secret(live.outputs, marker) == {"a": "2"}
    assert listed(live, marker, "--deleted") is None


def test_a_secret_that_a_client_deleted_is_recovered_too(live: LiveStack, marker: str) -> None:
    write_secret(live.outputs, marker, {"a": "1"})
    vault_client(live.outputs).secrets.kv.v2.delete_latest_version_of_secret(marker, mount_point="secret")

    mlw(live, "secrets", "recover", marker).check()

    assert read_secret(live.outputs, marker) == {"a": "1"}


def test_purge_protection_prevents_purging_before_the_date_and_sweeping_skips_it(live: LiveStack, marker: str) -> None:
    write_secret(live.outputs, marker, {"a": "1"})
    mlw(live, "secrets", "delete", marker).check()

    refused = mlw(live, "secrets", "purge", marker)
    swept = mlw(live, "secrets", "sweep").check()

    assert_refused(refused, "purge protection", f"{RETENTION_DAYS} days", marker)
    assert marker not in swept.stdout
    mlw(live, "secrets", "recover", marker).check()
    assert read_secret(live.outputs, marker) == {"a": "1"}


@pytest.mark.parametrize("command", ["show", "delete", "recover", "purge"])
def test_missing_secret_is_reported(live: LiveStack, command: str) -> None:
    assert_refused(mlw(live, "secrets", command, "no/such"), "'no/such'", "no such secret")


@pytest.mark.parametrize("command", ["recover", "purge"])
def test_undeleted_secret_is_neither_recovered_nor_purged(live: LiveStack, marker: str, command: str) -> None:
    write_secret(live.outputs, marker, {"a": "1"})

    assert_refused(mlw(live, "secrets", command, marker), "it is not deleted")


def test_a_backup_is_restored_and_the_stack_is_unchanged(live: LiveStack, marker: str, tmp_path: Path) -> None:
    target = tmp_path / "kept.snap"
    write_secret(live.outputs, marker, {"a": "before"})
    mlw(live, "keyvault", "backup", str(target)).check()
    write_secret(live.outputs, marker, {"a": "after"})

    mlw(live, "keyvault", "restore", str(target)).check()

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert read_secret(live.outputs, marker) == {"a": "before"}
    assert live.stack.outputs() == live.outputs
    assert_unchanged(live.stack.refresh())
    assert_unchanged(live.stack.preview())


def test_a_file_that_is_not_a_snapshot_is_rejected(live: LiveStack, tmp_path: Path) -> None:
    (tmp_path / "no.snap").write_bytes(os.urandom(2000))

    assert_refused(mlw(live, "keyvault", "restore", str(tmp_path / "no.snap")), "no.snap", "Nothing was changed")
    assert_refused(mlw(live, "keyvault", "restore", str(tmp_path / "none.snap")), "none.snap", "No such file")
    assert vault_client(live.outputs).is_authenticated()


def test_unwritable_backup_is_reported(live: LiveStack, tmp_path: Path) -> None:
    assert_refused(mlw(live, "keyvault", "backup", str(tmp_path / "no" / "kept.snap")), "kept.snap", "No such file")


def test_the_stacks_outputs_contain_no_root_token(live: LiveStack) -> None:
    found = vault_client(live.outputs).auth.token.lookup_self()["data"]

    assert "root" not in found["policies"]
    assert "hvs." not in json.dumps(live.outputs)
