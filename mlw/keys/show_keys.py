"""`mlw keys`: the credentials of a workspace's services; the only command that prints a secret."""

from __future__ import annotations

import argparse

from mlw.command import DONE
from mlw.output import to_json
from mlw.stacks.stacks import open_stack


def keys(options: argparse.Namespace) -> int:
    """Print the credentials."""
    print(to_json(open_stack(options.stack).credentials()))
    return DONE
