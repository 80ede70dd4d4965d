"""Describes the contents of a stack, for commands that say what would be lost."""

from __future__ import annotations

from collections import Counter

from infra.rules.resources.component_types import COMPONENT_TYPES, RESOURCE_GROUP, WORKSPACE
from mlw.lifecycle.checkpoints import Checkpoint


def describe_contents(checkpoint: Checkpoint) -> str:
    """The stack's own services with their volumes, and its record; empty for a stack that has none."""
    named = [
        f"{COMPONENT_TYPES[one['type']].kind} '{one['inputs'].get('name')}'"
        for one in checkpoint.resources
        if one["type"] in COMPONENT_TYPES and one["type"] not in {RESOURCE_GROUP, WORKSPACE}
    ]
    count = Counter(item.kind for item in checkpoint.docker_objects())["volume"]
    if not (named or count):
        return ""
    return f"{', '.join([*named, 'the workspace record'])} ({count} volume{'s' * (count != 1)})"
