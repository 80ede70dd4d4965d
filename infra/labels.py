"""Labels of the objects on the engine: whose they are, and for people where they come from.

A stack's identity is made once and kept in its state. It alone decides whose an object is: a stack may be renamed, and
its backend, home and folder may move or be spelt in another way. The other labels tell people what an object belonged
to when it was made; nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Mapping

ID = "ml-workspace.id"
RESOURCE_ID = "ml-workspace.resource-id"
STACK = "ml-workspace.stack"
MADE_BY = "ml-workspace.made-by"


def belongs_to(labels: Mapping[str, str], stack_id: str) -> bool:
    """Whether an object with these labels is the stack's own."""
    return labels.get(ID) == stack_id


def describe_owner(labels: Mapping[str, str]) -> str:
    """Who an object belongs to, for messages: the stack as it was called, and who made it where and when."""
    if ID not in labels:
        return "not made by this project"
    return f"stack '{labels.get(STACK, '')}' of {labels.get(MADE_BY, 'an unknown user')}"
