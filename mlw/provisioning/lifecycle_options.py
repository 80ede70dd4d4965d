"""Options of the commands that change a workspace."""

from __future__ import annotations

import click

TAGS = click.option("--tags", metavar="NAME=VALUE", multiple=True, help="A tag of all resources; repeatable.")
SET = click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="A key of the stack file, e.g. storageAccount.sku=Standard_GRS; the value as in YAML; repeatable.",
)
EVENTS = click.option(
    "--events",
    metavar="FILE",
    help="Write events as JSON lines to this file; - is standard output, and messages go to standard error.",
)
