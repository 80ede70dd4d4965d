"""Reads the text of `policies/assignments.yaml` into `Assignments`; everything that is wrong with it is told at once.

An unknown rule, effect, parameter or key is an error: a misspelt deny would silently allow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from infra.errors import MlWorkspaceError
from infra.rules.assignments import AssignedRule, Assignments, Effect, Exemption, Level, Scope
from infra.rules.checks import RULE_PARAMETERS
from infra.rules.violation import one_of

_CHILDREN = {
    Level.MANAGEMENT_GROUP: (
        ("managementGroups", Level.MANAGEMENT_GROUP, "name"),
        ("subscriptions", Level.SUBSCRIPTION, "id"),
    ),
    Level.SUBSCRIPTION: (("resourceGroups", Level.RESOURCE_GROUP, "name"),),
    Level.RESOURCE_GROUP: (),
}


class AssignmentsError(MlWorkspaceError):
    """The file of assignments is not valid; the message holds every problem."""


def parse_assignments(text: str, *, file: str) -> Assignments:
    """The assignments in ``text``.

    Raises:
        AssignmentsError: Something in it is wrong; ``file`` is named.
    """
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as exc:
        msg = f"reading {file}: it is not YAML: {exc}"
        raise AssignmentsError(msg) from exc
    reader = _Reader(document if isinstance(document, dict) else {})
    assignments = reader.read()
    if reader.problems:
        msg = f"reading {file}: {len(reader.problems)} problems\n" + "\n".join(f"  {line}" for line in reader.problems)
        raise AssignmentsError(msg)
    return assignments


class _Reader:
    """One pass over the document; problems are collected, never raised."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.problems: list[str] = []
        self._initiatives: Mapping[str, Any] = document.get("initiatives") or {}
        self._names: list[str] = []

    def read(self) -> Assignments:
        """Everything, with what is wrong left out."""
        self._known(self._document, "the file", {"initiatives", "managementGroups", "exemptions"})
        roots = tuple(
            self._scope(entry, Level.MANAGEMENT_GROUP, "name", root=True)
            for entry in self._document.get("managementGroups") or []
        )
        exemptions = (self._exemption(entry) for entry in self._document.get("exemptions") or [])
        return Assignments(roots, tuple(exemption for exemption in exemptions if exemption is not None))

    def _scope(self, entry: Mapping[str, Any], level: Level, key: str, *, root: bool = False) -> Scope:
        pattern = str(entry.get(key, ""))
        place = f"{level} '{pattern}'"
        if not pattern:
            self.problems.append(f"a {level} has no '{key}'")
        children = _CHILDREN[level]
        self._known(entry, place, {key, "assignments", "tags", *(name for name, _, _ in children)})
        return Scope(
            level=level,
            pattern=pattern,
            root=root,
            tags={str(name): str(value) for name, value in (entry.get("tags") or {}).items()},
            rules=tuple(rule for item in entry.get("assignments") or [] for rule in self._assignment(item, place)),
            children=tuple(
                self._scope(child, below, child_key)
                for name, below, child_key in children
                for child in entry.get(name) or []
            ),
        )

    def _assignment(self, entry: Mapping[str, Any], scope: str) -> list[AssignedRule]:
        """The rules of one assignment: of its initiative, or the single one it names."""
        name = str(entry.get("name", ""))
        place = f"assignment '{name}' at {scope}"
        self._known(entry, place, {"name", "initiative", "rule", "effect", "parameters"})
        if not name or name in self._names:
            self.problems.append(f"{place}: an assignment needs a name of its own")
        self._names.append(name)
        if "initiative" not in entry:
            rows = [{key: entry[key] for key in ("rule", "effect", "parameters") if key in entry}]
            return self._rows(rows, {}, name, scope)
        initiative = self._initiatives.get(entry["initiative"])
        if initiative is None:
            self.problems.append(
                f"{place}: no initiative '{entry['initiative']}'; allowed: {one_of(sorted(self._initiatives))}"
            )
            return []
        given, defaults = entry.get("parameters") or {}, initiative.get("parameters") or {}
        for unknown in sorted(set(given) - set(defaults)):
            self.problems.append(f"{place}: the initiative has no parameter '{unknown}'")
        return self._rows(initiative.get("rules") or [], {**defaults, **given}, name, scope)

    def _rows(
        self, rows: Sequence[Mapping[str, Any]], values: Mapping[str, Any], name: str, scope: str
    ) -> list[AssignedRule]:
        rules = []
        for row in rows:
            place = f"assignment '{name}', rule '{row.get('rule')}'"
            self._known(row, place, {"rule", "effect", "parameters"})
            rule, effect = str(row.get("rule")), str(row.get("effect", Effect.DENY))
            parameters = {
                key: self._value(value, values, place) for key, value in (row.get("parameters") or {}).items()
            }
            if rule not in RULE_PARAMETERS:
                self.problems.append(f"{place}: no such rule; allowed: {one_of(sorted(RULE_PARAMETERS))}")
            elif effect not in set(Effect):
                self.problems.append(f"{place}: no effect '{effect}'; allowed: {one_of(Effect)}")
            elif foreign := sorted(set(parameters) - set(RULE_PARAMETERS[rule])):
                self.problems.append(f"{place}: the rule has no parameter {one_of(foreign)}")
            else:
                full = {**RULE_PARAMETERS[rule], **parameters}
                rules.append(
                    AssignedRule(rule=rule, effect=Effect(effect), parameters=full, assignment=name, scope=scope)
                )
        return rules

    def _value(self, value: object, values: Mapping[str, Any], place: str) -> object:
        """``value``, or the initiative's parameter that `${name}` stands for."""
        if not (isinstance(value, str) and value.startswith("${") and value.endswith("}")):
            return value
        if value[2:-1] not in values:
            self.problems.append(f"{place}: the initiative has no parameter '{value[2:-1]}'")
        return values.get(value[2:-1])

    def _exemption(self, entry: Mapping[str, Any]) -> Exemption | None:
        name = str(entry.get("name", ""))
        place = f"exemption '{name}'"
        self._known(entry, place, {"name", "assignment", "rules", "resource", "expires", "reason"})
        missing = [key for key in ("name", "assignment", "resource", "expires", "reason") if not entry.get(key)]
        if missing:
            self.problems.append(
                f"{place}: {one_of(missing)} missing; an exemption has a day on which it ends, and a reason"
            )
            return None
        if entry["assignment"] not in self._names:
            self.problems.append(f"{place}: no assignment '{entry['assignment']}'")
        expires = entry["expires"]
        if not isinstance(expires, dt.date):
            self.problems.append(f"{place}: expires is '{expires}'; allowed: a date such as 2027-01-31")
            return None
        rules = tuple(str(rule) for rule in entry.get("rules") or ())
        self.problems += [f"{place}: no rule '{rule}'" for rule in rules if rule not in RULE_PARAMETERS]
        return Exemption(
            name=name,
            assignment=str(entry["assignment"]),
            rules=rules,
            resource=str(entry["resource"]),
            expires=expires,
            reason=str(entry["reason"]),
        )

    def _known(self, entry: Mapping[str, Any], place: str, known: set[str]) -> None:
        self.problems += [
            f"{place}: no key '{key}'; allowed: {one_of(sorted(known))}" for key in entry if key not in known
        ]
