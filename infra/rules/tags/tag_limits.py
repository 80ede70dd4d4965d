"""Limits of tags: count, legal names and values, no names that differ only in case, no secrets.

Sources: G1 (50 pairs; name 512, value 256; forbidden characters; names ignore case), T1 (128 on a storage account), G2
(reserved prefixes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from infra.rules.policy.rule import ALL, Parameters, ResourceView, Severity, rule
from infra.rules.resources.component_types import RESOURCE_GROUP, STORAGE_ACCOUNT
from infra.rules.tags.secret_detection import looks_like_secret
from infra.rules.violation import HIDDEN, Violation, one_of

MAX_TAGS = 50
MAX_NAME = 512
MAX_NAME_ON_STORAGE = 128
MAX_VALUE = 256
RESERVED_PREFIXES = ("microsoft", "azure", "windows")
_FORBIDDEN = re.compile(r"[<>%&\\?/\x00-\x1f\x7f-\x9f]")


@rule(
    id="tags-resource-limit-count",
    summary="A resource has at most 50 tags.",
    why="Azure rejects the 51st tag; inherited tags count.",
    severity=Severity.HIGH,
    source="G1",
    fix="Remove tags, or combine several into one JSON value.",
    applies_to=ALL,
)
def limit_count(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Inherited tags count too."""
    count = len(resource.tags)
    if count > MAX_TAGS:
        yield Violation(
            key="tags",
            value=None,
            found=f"there are {count} tags, including inherited ones",
            allowed=f"at most {MAX_TAGS} on a resource",
            fix=f"remove {count - MAX_TAGS}, or combine several into one JSON value",
        )


@rule(
    id="tags-resource-require-legal-name",
    summary="Tag names are legal: length, characters, prefixes.",
    why="Azure rejects other names; storage accounts allow only 128 characters.",
    severity=Severity.HIGH,
    source="G1, N1, T1, G2",
    fix="Rename the tag.",
    applies_to=ALL,
)
def require_legal_name(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """A storage account allows shorter names than other resources."""
    limit = MAX_NAME_ON_STORAGE if resource.type_token == STORAGE_ACCOUNT else MAX_NAME
    for name in resource.tags:
        if problem := _name_problem(name, limit):
            yield Violation(
                key="tags",
                value=name,
                found=problem,
                allowed=f"a name of 1-{limit} characters without < > % & \\ ? / and control characters, "
                f"not starting with {one_of(RESERVED_PREFIXES)}",
                fix="rename the tag",
            )


@rule(
    id="tags-resource-require-legal-value",
    summary="Tag values are strings of at most 256 characters.",
    why="Azure rejects longer values.",
    severity=Severity.HIGH,
    source="G1, T1",
    fix="Shorten the value, or quote it.",
    applies_to=ALL,
)
def require_legal_value(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Any character is allowed."""
    for name, value in resource.tags.items():
        if isinstance(value, str) and len(value) <= MAX_VALUE:
            continue
        is_text = isinstance(value, str)
        yield Violation(
            key=f"tags.{name}",
            value=value,
            found=f"the value has {len(str(value))} characters"
            if is_text
            else f"the value is {_type_words(value)}, not a string",
            allowed=f"a string of at most {MAX_VALUE} characters",
            fix="shorten it" if is_text else "quote it",
            secret=looks_like_secret(name, str(value)),
        )


@rule(
    id="tags-resource-forbid-case-twins",
    summary="No two tags differ only in the case of their names.",
    why="Azure keeps only one of the values, and it is undefined which.",
    severity=Severity.HIGH,
    source="G1",
    fix="Keep one of them.",
    applies_to=ALL,
)
def forbid_case_twins(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Azure ignores the case of tag names."""
    groups: dict[str, list[str]] = {}
    for name in resource.tags:
        groups.setdefault(name.lower(), []).append(name)
    for twins in groups.values():
        if len(twins) > 1:
            yield Violation(
                key="tags",
                value=" and ".join(twins),
                found="these names differ only in case, which Azure ignores",
                allowed="one tag per name",
                fix=f"keep one of them, e.g. '{twins[0]}'",
            )


@rule(
    id="tags-resource-forbid-secrets",
    summary="No tag holds a secret.",
    why="Tags are shown as plain text in cost reports, exports and logs.",
    severity=Severity.HIGH,
    source="G1",
    fix="Store the secret in the key vault, and its name in the tag.",
    applies_to=ALL,
)
def forbid_secrets(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """The value is never shown."""
    for name, value in resource.tags.items():
        if isinstance(value, str) and looks_like_secret(name, value):
            yield Violation(
                key=f"tags.{name}",
                value=HIDDEN,
                secret=True,
                found="the value looks like a secret, but tags are shown in plain text",
                allowed="values that are not secret",
                fix="store the secret in the key vault and, if needed, its name in the tag",
            )


RULES = (limit_count, require_legal_name, require_legal_value, forbid_case_twins, forbid_secrets)
"""Rules that depend only on the tags."""


def check_tags(tags: Mapping[str, object], type_token: str = RESOURCE_GROUP) -> Iterator[Violation]:
    """Check ``tags`` on a resource of a type against these rules; keys start with `tags`."""
    for declared in RULES:
        yield from declared.check(ResourceView(type_token, {"tags": tags}))


def _name_problem(name: str, limit: int) -> str:
    if not name.strip():
        return "the tag's name is empty"
    if len(name) > limit:
        return f"the tag's name has {len(name)} characters{' on a storage account' * (limit == MAX_NAME_ON_STORAGE)}"
    if match := _FORBIDDEN.search(name):
        character = match[0] if match[0].isprintable() else f"U+{ord(match[0]):04X}"
        return f"the tag's name contains '{character}'"
    for prefix in RESERVED_PREFIXES:
        if name.lower().startswith(prefix):
            return f"the tag's name starts with '{prefix}', which is reserved"
    return ""


def _type_words(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    return {int: "a number", float: "a number", list: "a list", dict: "a mapping"}.get(type(value), "empty")
