"""Tags: limits, forbidden characters, reserved prefixes, inheritance, required tags.

Sources: G1 (50 pairs; name 512, value 256; forbidden characters; names without case), T1 (128 on a storage account), G2
(reserved prefixes), built-in policies `Inherit a tag from the resource group` and `Require a tag`. Inheritance comes
before the check for required tags, as Azure evaluates modify before deny (PO).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from infra.rules.tags.secret_detection import looks_like_secret
from infra.rules.violation import HIDDEN, Violation, one_of

MAX_TAGS = 50
MAX_NAME = 512
MAX_NAME_ON_STORAGE = 128
MAX_VALUE = 256
RESERVED_PREFIXES = ("microsoft", "azure", "windows")
_FORBIDDEN = re.compile(r"[<>%&\\?/\x00-\x1f\x7f-\x9f]")

COUNT = "tags-resource-limit-count"
NAME = "tags-resource-require-legal-name"
VALUE = "tags-resource-require-legal-value"
CASE = "tags-resource-forbid-case-twins"
SECRET = "tags-resource-forbid-secrets"  # noqa: S105 - a rule's id
REQUIRED = "tags-resource-require-tags"

Tags = Mapping[str, str]


def merge(inherited: Tags, own: Tags, *, always: Iterable[str] = ()) -> dict[str, str]:
    """``own`` plus what it lacks of ``inherited``; names are compared without case.

    Args:
        inherited: Tags of the level above.
        own: Tags of the resource itself; they win, name and value.
        always: Names whose inherited value wins although the resource has its own (unless it is empty, as in Azure).
    """
    forced = {name.lower() for name in always}
    above = {name.lower(): value for name, value in inherited.items()}
    merged = {
        name: above[name.lower()] if name.lower() in forced and above.get(name.lower()) else value
        for name, value in own.items()
    }
    present = {name.lower() for name in own}
    merged.update((name, value) for name, value in inherited.items() if name.lower() not in present)
    return merged


def inherit(above: Tags, own: Tags, parameters: Mapping[str, object]) -> dict[str, str]:
    """``own`` with what a rule lets it inherit of ``above``.

    Args:
        above: The tags of the level above.
        own: The resource's tags.
        parameters: `tags`: names, or `*` for all; `mode`: `ifMissing`, or `always` for values that win over own ones.
    """
    listed = parameters["tags"]
    names = {str(name).lower() for name in listed} if isinstance(listed, Iterable) else set()
    passed = {name: value for name, value in above.items() if "*" in names or name.lower() in names}
    return merge(passed, own, always=passed if parameters["mode"] == "always" else ())


def check_count(tags: Mapping[str, object], *, key: str = "tags") -> list[Violation]:
    """A violation if there are more tags than a resource may carry."""
    if len(tags) <= MAX_TAGS:
        return []
    return [
        Violation(
            rule=COUNT,
            key=key,
            value=None,
            found=f"there are {len(tags)} tags, inherited ones included",
            allowed=f"at most {MAX_TAGS} on a resource",
            fix=f"remove {len(tags) - MAX_TAGS}, or put several facts as JSON into one value",
        )
    ]


def check_names(
    tags: Mapping[str, object], *, on_storage: bool = False, only_length: bool = False, key: str = "tags"
) -> list[Violation]:
    """Violations of the rule for tag names; a storage account allows shorter ones."""
    limit = MAX_NAME_ON_STORAGE if on_storage else MAX_NAME
    problem_of = _length_problem if only_length else _name_problem
    found = ((name, problem_of(name, limit)) for name in tags)
    return [
        Violation(
            rule=NAME,
            key=key,
            value=name,
            found=problem,
            allowed=f"a name of 1-{limit} characters without < > % & \\ ? / and control characters, "
            f"not starting with {one_of(RESERVED_PREFIXES)}",
            fix="rename the tag",
        )
        for name, problem in found
        if problem
    ]


def check_values(tags: Mapping[str, object], *, key: str = "tags") -> list[Violation]:
    """Violations of the rule for tag values: text of at most 256 characters; any character is allowed."""
    violations = []
    for name, value in tags.items():
        if not isinstance(value, str):
            found = f"the value is {_type_words(value)}, not text"
        elif len(value) > MAX_VALUE:
            found = f"the value has {len(value)} characters"
        else:
            continue
        fix = "shorten it" if isinstance(value, str) else "write it in quotes"
        violations.append(
            Violation(
                rule=VALUE,
                key=f"{key}.{name}",
                value=value,
                found=found,
                allowed=f"text of at most {MAX_VALUE} characters",
                fix=fix,
                secret=looks_like_secret(name, str(value)),
            )
        )
    return violations


def check_case_twins(tags: Mapping[str, object], *, key: str = "tags") -> list[Violation]:
    """Violations by names that differ only in case: Azure keeps one value for them."""
    groups: dict[str, list[str]] = {}
    for name in tags:
        groups.setdefault(name.lower(), []).append(name)
    return [
        Violation(
            rule=CASE,
            key=key,
            value=" and ".join(twins),
            found="the names differ only in case, which Azure ignores",
            allowed="one tag of a name",
            fix=f"keep one of them, e.g. '{twins[0]}'",
        )
        for twins in groups.values()
        if len(twins) > 1
    ]


def check_secrets(tags: Mapping[str, object], *, key: str = "tags") -> list[Violation]:
    """Violations by values that look like secrets; the value is never shown."""
    return [
        Violation(
            rule=SECRET,
            key=f"{key}.{name}",
            value=HIDDEN,
            secret=True,
            found="the value looks like a secret, and tags are shown in plain text",
            allowed="values that everybody may read",
            fix="keep the secret in the key vault and, if need be, put its name into the tag",
        )
        for name, value in tags.items()
        if isinstance(value, str) and looks_like_secret(name, value)
    ]


def check_own(tags: Mapping[str, object], *, on_storage: bool = False, key: str = "tags") -> list[Violation]:
    """Everything that a set of tags breaks by itself; required tags are judged after inheritance."""
    return [
        *check_count(tags, key=key),
        *check_names(tags, on_storage=on_storage, key=key),
        *check_values(tags, key=key),
        *check_case_twins(tags, key=key),
        *check_secrets(tags, key=key),
    ]


def missing(tags: Mapping[str, object], required: Iterable[str]) -> list[str]:
    """The names of ``required`` that ``tags`` lack or have with a blank value, compared without case."""
    present = {name.lower() for name, value in tags.items() if str(value).strip()}
    return [name for name in required if name.lower() not in present]


def missing_violation(name: str, *, key: str = "tags") -> Violation:
    """The violation by a resource that lacks the required tag ``name``."""
    return Violation(
        rule=REQUIRED,
        key=f"{key}.{name}",
        value=None,
        found=f"the required tag '{name}' is missing or blank",
        allowed="a value that is not blank, own or inherited",
        fix=f"set '{key}.{name}', or 'ml-workspace:tags.{name}' for all resources",
    )


def _length_problem(name: str, limit: int) -> str:
    if len(name) <= limit:
        return ""
    return f"the tag's name has {len(name)} characters{' on a storage account' * (limit == MAX_NAME_ON_STORAGE)}"


def _name_problem(name: str, limit: int) -> str:
    if not name.strip():
        return "the tag's name is empty"
    if problem := _length_problem(name, limit):
        return problem
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
