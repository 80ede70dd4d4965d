"""Read `policies/assignments.yaml` into `Assignments`; one error reports all problems.

An unknown rule, effect, parameter or key is an error, and so is a value of the wrong type: a misspelt deny would
silently allow.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.errors import MlWorkspaceError
from infra.rules.policy import assignments_keys as keys
from infra.rules.policy.catalogue import RULES
from infra.rules.policy.policy_assignments import AssignedRule, Assignments, Effect, Exemption, Level, Scope
from infra.rules.violation import one_of

ASSIGNMENTS_FILE = Path(__file__).parents[3] / "policies" / "assignments.yaml"

_CHILDREN = {
    Level.MANAGEMENT_GROUP: (
        ("managementGroups", Level.MANAGEMENT_GROUP, "name"),
        ("subscriptions", Level.SUBSCRIPTION, "id"),
    ),
    Level.SUBSCRIPTION: (("resourceGroups", Level.RESOURCE_GROUP, "name"),),
    Level.RESOURCE_GROUP: (),
}


_TYPE_WORDS: Mapping[type, str] = {dict: "a mapping", list: "a list", int: "a whole number", str: "a string"}


class AssignmentsError(MlWorkspaceError):
    """The file of assignments is not valid; the message holds every problem."""


@cache
def read_assignments() -> Assignments:
    """The assignments of this checkout; the file is read once.

    Raises:
        AssignmentsError: The file is not valid.
    """
    return parse_assignments(ASSIGNMENTS_FILE.read_text(encoding="utf-8"), file="policies/assignments.yaml")


def parse_assignments(text: str, *, file: str) -> Assignments:
    """Parse the assignments in ``text``.

    Raises:
        AssignmentsError: The text is not valid; the message names ``file``.
    """
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as exc:
        msg = f"reading {file}: not valid YAML: {exc}"
        raise AssignmentsError(msg) from exc
    reader = _Reader()
    assignments = reader.read(document)
    if reader.problems:
        count = len(reader.problems)
        title = f"reading {file}: {count} problem{'s' * (count > 1)}"
        raise AssignmentsError("\n".join([title, *(f"  {line}" for line in reader.problems)]))
    return assignments


class _Reader:
    """One pass over the document; problems are collected, never raised."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._initiatives: Mapping[str, Any] = {}
        self._names: list[str] = []

    def read(self, document: object) -> Assignments:
        """Read the document; invalid entries are skipped."""
        if not document:
            self.problems.append("the file is empty, so no rule would apply; add 'managementGroups' with assignments")
        whole = self._mapping(document, "the file")
        self._known(whole, "the file", keys.FILE)
        self._initiatives = self._mapping(whole.get("initiatives"), "initiatives")
        roots = tuple(
            self._scope(entry, Level.MANAGEMENT_GROUP, "name", root=True)
            for entry in self._entries(whole.get("managementGroups"), "managementGroups")
        )
        exemptions = (self._exemption(entry) for entry in self._entries(whole.get("exemptions"), "exemptions"))
        return Assignments(roots, tuple(exemption for exemption in exemptions if exemption is not None))

    def _scope(self, entry: Mapping[str, Any], level: Level, key: str, *, root: bool = False) -> Scope:
        pattern = str(entry.get(key, ""))
        place = f"{level} '{pattern}'"
        if not pattern:
            self.problems.append(f"a {level} has no '{key}'")
        children = _CHILDREN[level]
        self._known(entry, place, keys.SCOPES[level])
        return Scope(
            level=level,
            pattern=pattern,
            root=root,
            tags={str(name): str(value) for name, value in self._mapping(entry.get("tags"), f"{place}, tags").items()},
            rules=tuple(
                rule
                for item in self._entries(entry.get("assignments"), f"{place}, assignments")
                for rule in self._assignment(item, place)
            ),
            children=tuple(
                self._scope(child, below, child_key)
                for name, below, child_key in children
                for child in self._entries(entry.get(name), f"{place}, {name}")
            ),
        )

    def _assignment(self, entry: Mapping[str, Any], scope: str) -> list[AssignedRule]:
        """The rules of one assignment: of its initiative, or the single one it names."""
        name = str(entry.get("name", ""))
        place = f"assignment '{name}' at {scope}"
        self._known(entry, place, keys.ASSIGNMENT)
        if not name or name in self._names:
            self.problems.append(f"{place}: every assignment needs a unique 'name'")
        self._names.append(name)
        if "initiative" not in entry:
            rows = [{key: entry[key] for key in ("rule", "effect", "parameters") if key in entry}]
            return self._rows(rows, {}, name, scope)
        wanted = str(entry["initiative"])
        if wanted not in self._initiatives:
            self.problems.append(
                f"{place}: unknown initiative '{wanted}'; allowed: {one_of(sorted(self._initiatives))}"
            )
            return []
        initiative = self._mapping(self._initiatives[wanted], f"initiative '{wanted}'")
        self._known(initiative, f"initiative '{wanted}'", keys.INITIATIVE)
        given = self._mapping(entry.get("parameters"), f"{place}, parameters")
        defaults = self._mapping(initiative.get("parameters"), f"initiative '{wanted}', parameters")
        for unknown in sorted(set(given) - set(defaults)):
            self.problems.append(f"{place}: the initiative has no parameter '{unknown}'")
        rules = self._entries(initiative.get("rules"), f"initiative '{wanted}', rules")
        return self._rows(rules, {**defaults, **given}, name, scope)

    def _rows(
        self, rows: Sequence[Mapping[str, Any]], values: Mapping[str, Any], name: str, scope: str
    ) -> list[AssignedRule]:
        rules = []
        for row in rows:
            place = f"assignment '{name}', rule '{row.get('rule')}'"
            self._known(row, place, keys.RULE)
            rule, effect = str(row.get("rule")), str(row.get("effect", Effect.DENY))
            given = self._mapping(row.get("parameters"), f"{place}, parameters")
            parameters = {key: self._value(value, values, place) for key, value in given.items()}
            defaults = RULES[rule].parameters if rule in RULES else {}
            if rule not in RULES:
                self.problems.append(f"{place}: unknown rule; allowed: {one_of(RULES)}")
            elif effect not in set(Effect):
                self.problems.append(f"{place}: unknown effect '{effect}'; allowed: {one_of(Effect)}")
            elif foreign := sorted(set(parameters) - set(defaults)):
                self.problems.append(f"{place}: the rule has no parameter {one_of(foreign)}")
            elif misfits := [key for key, value in parameters.items() if not _fits(value, defaults[key])]:
                needed = (f"'{key}' as {_TYPE_WORDS[type(defaults[key])]}" for key in misfits)
                self.problems.append(f"{place}: the rule needs {', '.join(needed)}")
            elif wrong := list(_wrong_demands(parameters)):
                self.problems += [f"{place}: {problem}" for problem in wrong]
            else:
                full = {**defaults, **parameters}
                rules.append(
                    AssignedRule(rule=rule, effect=Effect(effect), parameters=full, assignment=name, scope=scope)
                )
        return rules

    def _value(self, value: object, values: Mapping[str, Any], place: str) -> object:
        """``value``, or the initiative's parameter if ``value`` is `${name}`."""
        if not (isinstance(value, str) and value.startswith("${") and value.endswith("}")):
            return value
        if value[2:-1] not in values:
            self.problems.append(f"{place}: the initiative has no parameter '{value[2:-1]}'")
        return values.get(value[2:-1])

    def _exemption(self, entry: Mapping[str, Any]) -> Exemption | None:
        name = str(entry.get("name", ""))
        place = f"exemption '{name}'"
        self._known(entry, place, keys.EXEMPTION)
        missing = [name for name, key in keys.EXEMPTION.items() if key.required and not entry.get(name)]
        if missing:
            self.problems.append(f"{place}: {one_of(missing)} missing; an exemption needs an expiry date and a reason")
            return None
        if entry["assignment"] not in self._names:
            self.problems.append(f"{place}: unknown assignment '{entry['assignment']}'")
        expires = entry["expires"]
        if not isinstance(expires, dt.date):
            self.problems.append(f"{place}: expires is '{expires}'; allowed: a date such as 2027-01-31")
            return None
        rules = tuple(str(rule) for rule in self._list(entry.get("rules"), f"{place}, rules"))
        self.problems += [f"{place}: unknown rule '{rule}'" for rule in rules if rule not in RULES]
        return Exemption(
            name=name,
            assignment=str(entry["assignment"]),
            rules=rules,
            resource=str(entry["resource"]),
            expires=expires,
            reason=str(entry["reason"]),
        )

    def _mapping(self, value: object, place: str) -> Mapping[str, Any]:
        if value is None or isinstance(value, Mapping):
            return value or {}
        self.problems.append(f"{place}: found {value!r}; allowed: a mapping")
        return {}

    def _list(self, value: object, place: str) -> list[Any]:
        if value is None or isinstance(value, list):
            return value or []
        self.problems.append(f"{place}: found {value!r}; allowed: a list")
        return []

    def _entries(self, value: object, place: str) -> list[Mapping[str, Any]]:
        found = self._list(value, place)
        mappings = (self._mapping(entry, f"{place}[{number}]") for number, entry in enumerate(found))
        return [mapping for mapping in mappings if mapping]

    def _known(self, entry: Mapping[str, Any], place: str, known: Iterable[str]) -> None:
        self.problems += [
            f"{place}: unknown key '{key}'; allowed: {one_of(sorted(known))}" for key in entry if key not in known
        ]


def _wrong_demands(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Problems with the constraints on tags and names that the parameters set."""
    tags, names = parameters.get("tags"), parameters.get("patterns")
    demands = {**tags} if isinstance(tags, Mapping) else {}
    demands |= {name: {"pattern": pattern} for name, pattern in names.items()} if isinstance(names, Mapping) else {}
    for name, demand in demands.items():
        if demand is not None and not isinstance(demand, Mapping):
            yield f"'{name}': found {demand!r}; allowed: a mapping with 'allowedValues' or 'pattern', or {{}}"
            continue
        try:
            re.compile(str((demand or {}).get("pattern", "")))
        except re.error as exc:
            yield f"the pattern of '{name}' is not a valid regular expression: {exc}"


def _fits(value: object, default: object) -> bool:
    """Whether a parameter has the type of its default; a mapping also fits a list, by its keys."""
    wanted = (list, dict) if isinstance(default, list) else type(default)
    return isinstance(value, wanted) and not isinstance(value, bool)
