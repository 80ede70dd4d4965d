"""Options that both commands have."""

from __future__ import annotations

import click

PRINCIPAL = click.option(
    "--principal", metavar="NAME", help="Use the credentials of this principal instead of the stack's own."
)
