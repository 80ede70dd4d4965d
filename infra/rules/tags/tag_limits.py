"""Tags: how many, legal names and values, no two that differ only in case, no secrets.

Sources: G1 (50 pairs; name 512, value 256; forbidden characters; names without case), T1 (128 on a storage account), G2
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
    why="Azure refuses the 51st, inherited ones included.",
    severity=Severity.HIGH,
    source="G1",
    fix="Remove tags, or put several facts as JSON into one value.",
    applies_to=ALL,
)
def limit_count(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Inherited tags count as well."""
    count = len(resource.tags)
    if count > MAX_TAGS:
        yield Violation(
            key="tags",
            value=None,
            found=f"there are {count} tags, inherited ones included",
            allowed=f"at most {MAX_TAGS} on a resource",
            fix=f"remove {count - MAX_TAGS}, or put several facts as JSON into one value",
        )


@rule(
    id="tags-resource-require-legal-name",
    summary="Tag names are legal: length, characters, prefixes.",
    why="Azure refuses others; storage accounts allow only 128 characters.",
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
    summary="Tag values are text of at most 256 characters.",
    why="Azure refuses longer ones.",
    severity=Severity.HIGH,
    source="G1, T1",
    fix="Shorten the value, or write it in quotes.",
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
            else f"the value is {_type_words(value)}, not text",
            allowed=f"text of at most {MAX_VALUE} characters",
            fix="shorten it" if is_text else "write it in quotes",
            secret=looks_like_secret(name, str(value)),
        )


@rule(
    id="tags-resource-forbid-case-twins",
    summary="No two tags differ only in the case of their names.",
    why="Azure keeps one value for them, and nobody can tell which.",
    severity=Severity.HIGH,
    source="G1",
    fix="Keep one of them.",
    applies_to=ALL,
)
def forbid_case_twins(resource: ResourceView, _parameters: Parameters) -> Iterator[Violation]:
    """Azure ignores the case of names."""
    groups: dict[str, list[str]] = {}
    for name in resource.tags:
        groups.setdefault(name.lower(), []).append(name)
    for twins in groups.values():
        if len(twins) > 1:
            yield Violation(
                key="tags",
                value=" and ".join(twins),
                found="the names differ only in case, which Azure ignores",
                allowed="one tag of a name",
                fix=f"keep one of them, e.g. '{twins[0]}'",
            )


@rule(
    id="tags-resource-forbid-secrets",
    summary="No tag holds a secret.",
    why="Tags are shown as plain text in cost reports, exports and logs.",
    severity=Severity.HIGH,
    source="G1",
    fix="Keep the secret in the key vault; put its name into the tag.",
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
                found="the value looks like a secret, and tags are shown in plain text",
                allowed="values that everybody may read",
                fix="keep the secret in the key vault and, if need be, put its name into the tag",
            )


RULES = (limit_count, require_legal_name, require_legal_value, forbid_case_twins, forbid_secrets)
"""What a set of tags can break by itself."""


def check_tags(tags: Mapping[str, object], type_token: str = RESOURCE_GROUP) -> Iterator[Violation]:
    """Everything that ``tags`` break by themselves on a resource of a type; keys start with `tags`."""
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
