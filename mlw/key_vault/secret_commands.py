"""`mlw secrets`: list, write, delete, recover, purge, sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from infra.clients.key_vault import vault_secrets as client
from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_secrets import Secret
from infra.errors import SecretStateError
from infra.host.near_names import suggestion
from infra.rules.roles.vault_policies import SECRETS
from mlw.activity.recorded import Recorded
from mlw.command import DONE, FAILED, FAILURE, command
from mlw.command_options import STACK
from mlw.data_output import Format, Output, prints_data
from mlw.key_vault import secret_input as given
from mlw.key_vault.vault_access import KeyVaultAccess, access
from mlw.output import table
from mlw.stacks.stacks import open_stack

_HEADINGS = ("NAME", "VERSION", "UPDATED", "CONTENT TYPE", "EXPIRES", "DELETED", "PURGED ON")


_VALUE = "value"
"""The field that `mlw secrets set` writes."""

_NAME = click.argument("name", metavar="NAME", help="Name of the secret in the engine `secret`; folders with slashes.")


@command(
    examples=(
        "mlw secrets list dev",
        "mlw secrets list dev --deleted",
        "mlw secrets list dev --query '[].name' -o tsv",
    ),
    exit_codes={DONE: "listed", FAILED: FAILURE},
    progress="reading the secrets",
)
@STACK
@click.option("--deleted", is_flag=True, help="List only secrets that are deleted and not yet purged.")
@prints_data(Format.TABLE, has_json_flag=True)
def list_secrets(stack: str, *, deleted: bool, output: Output) -> int:
    """List the secrets of a key vault.

    Name, newest version, content type, expiry; for a deleted secret the date of its deletion and the date when it will
    be purged, `softDeleteRetentionInDays` later. Never a value.
    """
    vault_of = access(open_stack(stack))
    with vault_of.connected("listing the secrets") as vault:
        found = client.list_secrets(vault, now=datetime.now(UTC))
    shown = [secret for secret in found if secret.deleted or not deleted]
    days = vault_of.retention_days
    output.print(
        [as_json(secret, days) for secret in shown],
        lambda: table(_HEADINGS, [as_row(secret, days) for secret in shown]),
    )
    return DONE


@command(
    examples=(
        "mlw secrets show dev team/api-token",
        "mlw secrets show dev team/database -o json",
        "mlw secrets show dev team/database --query password",
    ),
    exit_codes={DONE: "printed", FAILED: FAILURE},
    records=Recorded(
        operation="Microsoft.KeyVault/vaults/secrets/getSecret/action", resource="keyVault", below="/secrets/{name}"
    ),
)
@STACK
@_NAME
@prints_data(Format.TABLE, text="the value alone")
def show_secret(stack: str, name: str, output: Output) -> int:
    """Print the value of a secret.

    Prints the newest version: the field `value`, which `mlw secrets set` writes, and a newline. With --output or
    --query: all fields of the secret, or what the query selects of them.
    """
    vault_of = _open(stack, name)
    with vault_of.connected(f"reading secret '{name}'") as vault:
        secret = _known(vault, name, "reading")
        fields = client.read_fields(vault, SECRETS, name)
    if fields is None:
        raise SecretStateError(
            f"reading secret '{name}': it was deleted on {_day(secret)}. Recover it with "
            f"`mlw secrets recover {stack} {name}`."
        )
    output.print(fields, lambda: _value(name, fields))
    return DONE


def _value(name: str, fields: Mapping[str, Any]) -> str:
    if _VALUE not in fields:
        raise SecretStateError(
            f"reading secret '{name}': it has no field '{_VALUE}'; fields: {', '.join(sorted(fields))}. "
            "Print all of them with `-o json`, one with `--query FIELD`."
        )
    return str(fields[_VALUE])


@command(
    examples=(
        "mlw secrets set dev team/api-token < token.txt",
        "mlw secrets set dev team/api-token --content-type text/plain --expires 2027-01-31",
    ),
    exit_codes={DONE: "written", FAILED: FAILURE},
    records=Recorded(
        operation="Microsoft.KeyVault/vaults/secrets/setSecret/action", resource="keyVault", below="/secrets/{name}"
    ),
)
@STACK
@_NAME
@click.option("--content-type", metavar="TYPE", help="What the value is, e.g. application/json.")
@click.option("--expires", metavar="DATE", help="An ISO 8601 date or time, e.g. 2027-01-31.")
def set_secret(stack: str, name: str, content_type: str | None, expires: str | None) -> int:
    """Write a secret, its value from standard input.

    Writes a new version with one field, `value`. On a terminal the value is prompted for and not echoed; a newline at
    its end is not part of it. Content type and expiry belong to the secret and keep their values when they are not
    given. The expiry is informational: an expired secret can still be read.
    """
    expiry, type_of_value = given.checked_expiry(expires), given.checked_content_type(content_type)
    vault_of, value = _open(stack, name), given.value(name)
    with vault_of.connected(f"writing secret '{name}'") as vault:
        client.write_secret(vault, name, value, content_type=type_of_value, expires=expiry)
    print(f"Written: secret '{name}'.")
    return DONE


@command(
    examples=("mlw secrets delete dev team/api-token",),
    exit_codes={DONE: "deleted", FAILED: FAILURE},
    records=Recorded(
        operation="Microsoft.KeyVault/vaults/secrets/delete", resource="keyVault", below="/secrets/{name}"
    ),
)
@STACK
@_NAME
def delete(stack: str, name: str) -> int:
    """Delete a secret; it can be recovered.

    Deletes every version. Until the retention has passed, `mlw secrets recover` restores them.
    """
    vault_of = _open(stack, name)
    with vault_of.connected(f"deleting secret '{name}'") as vault:
        secret = _known(vault, name, "deleting")
        if secret.deleted:
            raise SecretStateError(f"deleting secret '{secret.name}': already deleted on {_day(secret)}.")
        client.delete_secret(vault, secret)
    print(f"Deleted: secret '{name}'. Recover it within {vault_of.retention_days} days.")
    return DONE


@command(
    examples=("mlw secrets recover dev team/api-token",),
    exit_codes={DONE: "recovered", FAILED: FAILURE},
    records=Recorded(
        operation="Microsoft.KeyVault/vaults/secrets/recover/action", resource="keyVault", below="/secrets/{name}"
    ),
)
@STACK
@_NAME
def recover(stack: str, name: str) -> int:
    """Recover a deleted secret.

    Every version that was not purged can be read again.
    """
    with _open(stack, name).connected(f"recovering secret '{name}'") as vault:
        secret = _known(vault, name, "recovering")
        if not secret.deleted:
            raise SecretStateError(f"recovering secret '{secret.name}': it is not deleted; nothing to recover.")
        client.recover_secret(vault, secret)
    print(f"Recovered: secret '{name}'.")
    return DONE


@command(
    examples=("mlw secrets purge dev team/api-token",),
    exit_codes={DONE: "purged", FAILED: f"the secret cannot be purged now, or it {FAILURE}"},
    records=Recorded(
        operation="Microsoft.KeyVault/vaults/secrets/purge/action", resource="keyVault", below="/secrets/{name}"
    ),
)
@STACK
@_NAME
def purge(stack: str, name: str) -> int:
    """Remove a deleted secret permanently.

    Removes all versions and metadata. The secret has to be deleted; with purge protection its scheduled purge date has
    to be past. Uses the unseal key of the stack, so it needs the passphrase of the state.
    """
    vault_of, now = _open(stack, name), datetime.now(UTC)
    with vault_of.connected(f"purging secret '{name}'") as vault:
        secret = _known(vault, name, "purging")
        if not secret.deleted:
            raise SecretStateError(
                f"purging secret '{secret.name}': it is not deleted. Delete it first with `mlw secrets delete`, as "
                "in Azure."
            )
        due = secret.purged_on(vault_of.retention_days)
        if vault_of.purge_protection and due and due > now:
            raise SecretStateError(
                f"purging secret '{secret.name}': key vault '{vault_of.name}' has purge protection, and the secret was "
                f"deleted on {_day(secret)}. Nobody can purge it before {due.date()}, {vault_of.retention_days} days "
                "later; `mlw secrets sweep` does it then."
            )
        _purge(vault_of, vault, [secret])
    print(f"Purged: secret '{name}'.")
    return DONE


@command(
    examples=("mlw secrets sweep dev --dry-run", "mlw secrets sweep dev"),
    exit_codes={DONE: "done, also when there was nothing to purge", FAILED: FAILURE},
    records=Recorded(operation="Microsoft.KeyVault/vaults/secrets/purge/action", resource="keyVault", unless="dry_run"),
    progress="purging secrets",
)
@STACK
@click.option("--dry-run", is_flag=True, help="Only list what would be purged.")
def sweep(stack: str, *, dry_run: bool) -> int:
    """Purge secrets whose retention has passed.

    Azure does this by itself on the scheduled purge date; run it daily, e.g. from cron. Works with purge protection,
    which ends on that date. Uses the unseal key of the stack, so it needs the passphrase of the state.
    """
    vault_of, now = access(open_stack(stack)), datetime.now(UTC)
    with vault_of.connected("purging secrets") as vault:
        due = past_retention(client.list_secrets(vault, now=now), vault_of.retention_days, now=now)
        if not dry_run:
            _purge(vault_of, vault, due)
    word = "Would purge" if dry_run else "Purged"
    print(f"{word}: {', '.join(secret.name for secret in due) or 'nothing'}.")
    return DONE


def past_retention(found: Sequence[Secret], retention_days: int, *, now: datetime) -> list[Secret]:
    """Deleted secrets whose scheduled purge date has come."""
    return [secret for secret in found if (due := secret.purged_on(retention_days)) and due <= now]


def as_json(secret: Secret, retention_days: int) -> dict[str, Any]:
    """One secret, in Azure's names."""
    due = secret.purged_on(retention_days)
    return {
        "name": secret.name,
        "version": secret.version,
        "updated": secret.updated.isoformat(),
        "contentType": secret.content_type or None,
        "expires": secret.expires or None,
        "deletedDate": secret.deleted.isoformat() if secret.deleted else None,
        "scheduledPurgeDate": due.isoformat() if due else None,
    }


def as_row(secret: Secret, retention_days: int) -> tuple[str, ...]:
    """One secret, for people; dates without the time."""
    due = secret.purged_on(retention_days)
    deleted = str(secret.deleted.date()) if secret.deleted else ""
    dates = (deleted, str(due.date()) if due else "")
    return (secret.name, str(secret.version), str(secret.updated.date()), secret.content_type, secret.expires, *dates)


def _open(stack: str, name: str) -> KeyVaultAccess:
    given.check_name(name)
    return access(open_stack(stack))


def _purge(vault_of: KeyVaultAccess, vault: Vault, secrets: Sequence[Secret]) -> None:
    if not secrets:
        return
    # With purge protection the stack's own token may not purge; the caller has checked the date.
    with vault.as_root(vault_of.props["unseal_key"]):
        for secret in secrets:
            client.purge_secret(vault, secret)


def _known(vault: Vault, name: str, doing: str) -> Secret:
    secret = client.read_secret(vault, name, now=datetime.now(UTC))
    if secret is None:
        near = suggestion(name, client.secret_names(vault, SECRETS))
        raise SecretStateError(f"{doing} secret '{name}': no such secret.{near} `mlw secrets list` shows all.")
    return secret


def _day(secret: Secret) -> str:
    return str(secret.deleted.date()) if secret.deleted else ""
