"""Describes the contents of a stack, for commands that say what would be lost."""

from __future__ import annotations

from collections import Counter

from infra.rules.resources.component_types import (
    COMPONENT_TYPES,
    COMPUTE_INSTANCE,
    INFERENCE_FRONT,
    RESOURCE_GROUP,
    TRACKING_SERVER,
    WORKSPACE,
)
from infra.services import INFERENCE, TRACKING
from mlw.lifecycle.checkpoints import Checkpoint

_TITLES: dict[str, str] = {
    **{token: str(one.kind) for token, one in COMPONENT_TYPES.items() if token not in {RESOURCE_GROUP, WORKSPACE}},
    TRACKING_SERVER: TRACKING.title,
    INFERENCE_FRONT: INFERENCE.title,
    COMPUTE_INSTANCE: "compute instance",
}
"""Components with containers and volumes of their own."""


def describe_contents(checkpoint: Checkpoint) -> str:
    """The stack's own services with their volumes, and its record; empty for a stack that has none."""
    named = [
        f"{_TITLES[one['type']]} '{one['inputs'].get('name')}'"
        for one in checkpoint.resources
        if one["type"] in _TITLES
    ]
    count = Counter(item.kind for item in checkpoint.docker_objects())["volume"]
    if not (named or count):
        return ""
    return f"{', '.join([*named, 'the workspace record'])} ({count} volume{'s' * (count != 1)})"
