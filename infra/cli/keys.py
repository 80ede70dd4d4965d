"""`mlw keys`: the credentials of a workspace's services; the only command that prints a secret."""

from __future__ import annotations

import argparse

from infra.cli import surroundings
from infra.cli.command import DONE
from infra.cli.stacks import open_stack
from infra.cli.tables import to_json


def keys(options: argparse.Namespace) -> int:
    """Print the credentials."""
    surroundings.enter()
    print(to_json(open_stack(options.stack).credentials()))
    return DONE
