"""Commands of the key vault, for the table of all commands."""

from __future__ import annotations

from mlw.command import DONE, FAILED, FAILURE, JSON, STACK, Argument, Command

_NAME = Argument(name="name", metavar="NAME", help="name of the secret in the engine `secret`; folders with slashes")
_OWNER = "Acts with the stack's unseal key, so it needs the passphrase of the state."

SECRETS: tuple[Command, ...] = (
    Command(
        path=("secrets", "list"),
        handler="mlw.key_vault.secret_commands:list_all",
        summary="secrets of a key vault, deleted ones included",
        details="Name, newest version, content type, expiry; for a deleted secret when that was and when it will be "
        "purged, which is `softDeleteRetentionInDays` later. Never a value.",
        arguments=(STACK, JSON, Argument(name="--deleted", help="only those that are deleted and not yet purged")),
        exit_codes={DONE: "listed", FAILED: FAILURE},
    ),
    Command(
        path=("secrets", "set"),
        handler="mlw.key_vault.secret_commands:write",
        summary="write a secret, its value read from standard input",
        details="Writes a new version with the one field `value`; on a terminal it is typed unseen. Content type and "
        "expiry belong to the secret, and stay as they are when they are not given; an expiry is shown and judged, it "
        "takes nothing away.",
        arguments=(
            STACK,
            _NAME,
            Argument(name="--content-type", metavar="TYPE", help="what the value is, e.g. `application/json`"),
            Argument(name="--expires", metavar="DATE", help="an ISO 8601 date or time, e.g. `2027-01-31`"),
        ),
        exit_codes={DONE: "written", FAILED: FAILURE},
    ),
    Command(
        path=("secrets", "delete"),
        handler="mlw.key_vault.secret_commands:delete",
        summary="delete a secret; it can be recovered",
        details="Deletes every version. Until the retention has passed, `mlw secrets recover` brings them back.",
        arguments=(STACK, _NAME),
        exit_codes={DONE: "deleted", FAILED: FAILURE},
    ),
    Command(
        path=("secrets", "recover"),
        handler="mlw.key_vault.secret_commands:recover",
        summary="take the deletion of a secret back",
        details="Every version that was not purged can be read again.",
        arguments=(STACK, _NAME),
        exit_codes={DONE: "recovered", FAILED: FAILURE},
    ),
    Command(
        path=("secrets", "purge"),
        handler="mlw.key_vault.secret_commands:purge",
        summary="remove a deleted secret for good",
        details="All versions and metadata. The secret has to be deleted; with purge protection it also has to be past "
        f"its scheduled purge date. {_OWNER}",
        arguments=(STACK, _NAME),
        exit_codes={DONE: "purged", FAILED: f"the secret is not to be purged now, or {FAILURE}"},
    ),
    Command(
        path=("secrets", "sweep"),
        handler="mlw.key_vault.secret_commands:sweep",
        summary="purge the secrets whose retention has passed",
        details="What Azure does by itself on the scheduled purge date; run it daily, e.g. from cron. Works with purge "
        f"protection, which ends on that date. {_OWNER}",
        arguments=(STACK, Argument(name="--dry-run", help="only name what would be purged")),
        exit_codes={DONE: "done, also when there was nothing to purge", FAILED: FAILURE},
    ),
)

KEY_VAULT: tuple[Command, ...] = (
    Command(
        path=("keyvault", "backup"),
        handler="mlw.key_vault.vault_backups:back_up",
        summary="write a snapshot of a key vault into a file",
        details="Everything in the vault, encrypted as on its volume, readable by you alone (mode 0600). Only the "
        "stack's unseal key opens it: keep the state and its passphrase too. The vault goes on working meanwhile.",
        arguments=(STACK, Argument(name="file", metavar="FILE", help="where to; an existing file is replaced")),
        exit_codes={DONE: "written", FAILED: FAILURE},
    ),
    Command(
        path=("keyvault", "restore"),
        handler="mlw.key_vault.vault_backups:restore",
        summary="put a key vault back to a snapshot of it",
        details="Users' secrets are again as they were. The stack's token, policies, the principals' logins and the "
        "credentials of datastores stay those of today, and every login ends. A file that is no snapshot of this very "
        "vault changes nothing. It cannot be interrupted; after a kill `make refresh` and `make up` finish it. "
        f"{_OWNER}",
        arguments=(STACK, Argument(name="file", metavar="FILE", help="what `mlw keyvault backup` wrote")),
        exit_codes={DONE: "restored, the vault is open", FAILED: FAILURE},
    ),
)
