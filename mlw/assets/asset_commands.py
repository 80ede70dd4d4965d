"""Commands that assets of every kind have: `list`, `show`, `update`, `archive`, `restore`, `delete`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from mlw.activity.recorded import Recorded
from mlw.assets.asset_errors import AssetForbiddenError
from mlw.assets.asset_options import NAME, Assets, one_version, pairs, uses_assets
from mlw.assets.asset_references import AssetKind
from mlw.command import DONE, FAILED, FAILURE, Command, command
from mlw.command_options import YES, confirmed, limits, note_more
from mlw.data_output import Format, Output, prints_data

if TYPE_CHECKING:
    from mlw.assets.asset_records import AssetRecord
    from mlw.assets.asset_store import View

_LISTED = 100
_AZURE = {AssetKind.ENVIRONMENT: "environments", AssetKind.DATA: "data", AssetKind.COMPONENT: "components"}
ONE: Mapping[AssetKind, str] = {
    AssetKind.ENVIRONMENT: "an environment",
    AssetKind.DATA: "a data asset",
    AssetKind.COMPONENT: "a component",
}
MANY: Mapping[AssetKind, str] = {
    AssetKind.ENVIRONMENT: "environments",
    AssetKind.DATA: "data assets",
    AssetKind.COMPONENT: "components",
}

Shown = Callable[[Assets, "AssetRecord"], dict[str, Any]]
"""What `show` prints of a version."""


def recorded(kind: AssetKind, verb: str) -> Recorded:
    """How a command on an asset is recorded in the activity log."""
    operation = f"Microsoft.MachineLearningServices/workspaces/{_AZURE[kind]}/versions/{verb}"
    return Recorded(operation=operation, below=f"/{_AZURE[kind]}/{{name}}", details=("version",))


def listing(kind: AssetKind) -> Command:
    """`list`."""

    @uses_assets
    @click.option("--name", "-n", metavar="NAME", default="", help="List all versions of this asset.")
    @click.option(
        "--include-archived", "view", flag_value="all", default="active", type=str, help="Also archived ones."
    )
    @click.option("--archived-only", "view", flag_value="archived", type=str, help="Only archived ones.")
    @click.option("--deleted-only", "view", flag_value="deleted", type=str, help="Only deleted ones.")
    @limits(_LISTED)
    @prints_data(Format.TABLE, has_json_flag=True)
    def list_assets(assets: Assets, name: str, view: View, limit: int, output: Output) -> int:
        from mlw.assets.asset_tables import asset_table  # noqa: PLC0415 - a wrong command line does not need it

        found = assets.store.list(kind, name or None, view)[:limit]
        output.print([one.as_json() for one in found], lambda: asset_table(found))
        note_more(len(found), limit)
        return DONE

    text = (
        f"List the {MANY[kind]} of a workspace, or the versions of one.\n\nWithout --name the latest version of each."
    )
    return _made(
        list_assets, text, examples=(f"mlw {kind} list dev", f"mlw {kind} list dev --name NAME -o json"), done="listed"
    )


def showing(kind: AssetKind, shown: Shown = lambda _assets, record: record.as_json()) -> Command:
    """`show`."""

    @uses_assets
    @NAME
    @one_version("by default the latest")
    @prints_data(Format.TABLE, has_json_flag=True)
    def show(assets: Assets, name: str, version: str, label: str, output: Output) -> int:  # noqa: ARG001 - the latest
        output.print(shown(assets, assets.find(kind, name, version)))
        return DONE

    examples = (f"mlw {kind} show dev --name NAME", f"mlw {kind} show dev --name NAME --version 3 -o yaml")
    return _made(show, f"Show a version of {ONE[kind]}.", examples=examples, done="printed")


def updating(kind: AssetKind) -> Command:
    """`update`."""

    @uses_assets
    @NAME
    @one_version("by default the latest")
    @click.option("--description", metavar="TEXT", help="New description.")
    @click.option("--tags", metavar="KEY=VALUE", multiple=True, help="Tag to add or change.")
    @click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help="description=TEXT or tags.KEY=VALUE.")
    @prints_data(Format.JSON)
    def update(
        assets: Assets,
        name: str,
        version: str,
        label: str,  # noqa: ARG001 - the latest
        *,
        description: str | None,
        tags: tuple[str, ...],
        changes: tuple[str, ...],
        output: Output,
    ) -> int:
        given, more = _changes(changes)
        wanted = {**pairs(tags), **more}
        found = assets.find(kind, name, version)
        merged = {**(found.document.get("tags") or {}), **wanted} if wanted else None
        text = description if description is not None else given
        made = assets.store.update(kind, name, found.version, description=text, tags=merged)
        output.print(made.as_json())
        return DONE

    text = f"Change the description or the tags of {ONE[kind]}.\n\nEverything else of a version is fixed."
    examples = (f"mlw {kind} update dev --name NAME --version 3 --set description=Reviewed --tags team=blue",)
    return _made(update, text, examples=examples, done="changed", records=recorded(kind, "write"))


def archiving(kind: AssetKind) -> Command:
    """`archive`."""

    @uses_assets
    @NAME
    @one_version("by default all versions")
    def archive(assets: Assets, name: str, version: str, label: str) -> int:
        wanted = _version(assets, kind, name, version, label)
        _say("Archived", kind, assets.store.archive(kind, name, wanted))
        return DONE

    text = f"Archive {ONE[kind]} or one version: lists omit it, but it can still be used."
    return _made(archive, text, examples=_verbs(kind, "archive"), done="archived", records=recorded(kind, "write"))


def restoring(kind: AssetKind) -> Command:
    """`restore`."""

    @uses_assets
    @NAME
    @one_version("by default all versions")
    def restore(assets: Assets, name: str, version: str, label: str) -> int:
        wanted = _version(assets, kind, name, version, label)
        _say("Restored", kind, assets.store.restore(kind, name, wanted))
        return DONE

    text = f"Restore {ONE[kind]}, or one version, that was archived or deleted."
    return _made(restore, text, examples=_verbs(kind, "restore"), done="restored", records=recorded(kind, "write"))


def deleting(kind: AssetKind, stays: str) -> Command:
    """`delete`."""

    @uses_assets
    @NAME
    @one_version("by default all versions")
    @YES
    def delete(assets: Assets, name: str, version: str, label: str, *, yes: bool) -> int:
        wanted = _version(assets, kind, name, version, label)
        what = f"version '{wanted}' of {kind} '{name}'" if wanted else f"all versions of {kind} '{name}'"
        if not confirmed(f"Delete {what}?", yes=yes):
            return FAILED
        _say("Deleted", kind, assets.store.delete(kind, name, wanted))
        days = assets.retention_days
        print(f"`mlw {kind} restore` brings it back within {days} days.", file=sys.stderr)
        _sweep(assets, kind, days)
        return DONE

    retention = "It can be restored for the retention of the storage account (`deleteRetentionDays`)."
    text = f"Delete {ONE[kind]} or one version; it can be restored.\n\n{retention} {stays}"
    codes = {DONE: "deleted", FAILED: f"not confirmed, or {FAILURE}"}
    examples = _verbs(kind, "delete")
    return _made(delete, text, examples=examples, done="deleted", records=recorded(kind, "delete"), codes=codes)


def _made(
    function: Callable[..., int],
    text: str,
    *,
    examples: Sequence[str],
    done: str,
    records: Recorded | None = None,
    codes: Mapping[int, str] | None = None,
) -> Command:
    function.__doc__ = text
    made = command(examples=examples, exit_codes=codes or {DONE: done, FAILED: FAILURE}, records=records)
    return made(function)


def _verbs(kind: AssetKind, verb: str) -> tuple[str, str]:
    return f"mlw {kind} {verb} dev --name NAME", f"mlw {kind} {verb} dev --name NAME --version 3"


def _version(assets: Assets, kind: AssetKind, name: str, version: str, label: str) -> str | None:
    if label:
        return assets.store.latest(kind, name).version
    return version or None


def _say(done: str, kind: AssetKind, found: Sequence[AssetRecord]) -> None:
    for one in found:
        print(f"{done}: version {one.version} of {kind} '{one.name}'.")


def _sweep(assets: Assets, kind: AssetKind, days: int) -> None:
    """Remove what was deleted before the retention; without the right it is left to others."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - only after a deletion

    with suppress(AssetForbiddenError):
        assets.store.sweep(kind, before=(datetime.now(UTC) - timedelta(days=days)).isoformat())


def _changes(changes: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """Description and tags of `--set`."""
    given, tags = None, {}
    for one in changes:
        key, equals, value = one.partition("=")
        if equals and key == "description":
            given = value
        elif equals and key.startswith("tags."):
            tags[key.removeprefix("tags.")] = value
        else:
            raise click.UsageError(
                f"--set '{one}': only description=TEXT and tags.KEY=VALUE can be changed; for other content create the "
                "next version.",
                click.get_current_context(),
            )
    return given, tags
