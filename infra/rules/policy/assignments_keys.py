"""The keys of `policies/assignments.yaml`, declared once: the reader accepts these, and the reference lists them.

`docs/assignments.md` is written by `python -m tools.docs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.rules.policy.policy_assignments import Level


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key of a mapping in the file.

    Attributes:
        form: Type of the value, for people.
        required: Whether an entry without it is an error.
        doc: What it means, one or two sentences.
    """

    form: str
    doc: str
    required: bool = False


FILE = {
    "initiatives": Key(form="mapping of initiatives", doc="Named lists of rules."),
    "managementGroups": Key(
        form="list of scopes", doc="Roots of the tree of scopes; they apply to every subscription."
    ),
    "exemptions": Key(form="list of exemptions", doc="Resources that an assignment does not apply to, until a date."),
}
INITIATIVE = {
    "parameters": Key(form="mapping", doc="Parameters with default values. Rules use one as `${name}`."),
    "rules": Key(form="list of rules", doc="Rules of the initiative."),
}
RULE = {
    "rule": Key(form="text", doc="Id of a rule in [policies.md](policies.md).", required=True),
    "effect": Key(form="text", doc="`deny` (default), `audit`, `modify` or `disabled`."),
    "parameters": Key(form="mapping", doc="Values of the rule's parameters."),
}
ASSIGNMENT = {
    "name": Key(form="text", doc="Unique name of the assignment, shown in violations.", required=True),
    "initiative": Key(form="text", doc="Initiative to assign; or `rule` for a single rule."),
    "rule": Key(form="text", doc="Rule to assign, instead of an initiative."),
    "effect": Key(form="text", doc="Effect of the single rule."),
    "parameters": Key(form="mapping", doc="Values of the initiative's or the rule's parameters."),
}
_SCOPE = {
    "assignments": Key(form="list of assignments", doc="They apply to this scope and everything below it."),
    "tags": Key(form="mapping of text", doc="Tags of the scope; resources can inherit those of a subscription."),
}
SCOPES: Mapping[Level, Mapping[str, Key]] = {
    Level.MANAGEMENT_GROUP: {
        "name": Key(form="text", doc="Name of the management group.", required=True),
        **_SCOPE,
        "managementGroups": Key(form="list of scopes", doc="Management groups below it."),
        "subscriptions": Key(form="list of scopes", doc="Subscriptions below it."),
    },
    Level.SUBSCRIPTION: {
        "id": Key(
            form="text", doc="Id of the subscription; `*` matches any characters, case is ignored.", required=True
        ),
        **_SCOPE,
        "resourceGroups": Key(form="list of scopes", doc="Resource groups below it."),
    },
    Level.RESOURCE_GROUP: {
        "name": Key(form="text", doc="Name of the resource group; `*` matches any characters.", required=True),
        **_SCOPE,
    },
}
EXEMPTION = {
    "name": Key(form="text", doc="Name of the exemption.", required=True),
    "assignment": Key(form="text", doc="Assignment that it exempts from.", required=True),
    "rules": Key(form="list of text", doc="Rules of the assignment; without it, all of them."),
    "resource": Key(form="text", doc="Resource id; `*` matches any characters, case is ignored.", required=True),
    "expires": Key(form="date", doc="Last day, e.g. `2027-01-31`.", required=True),
    "reason": Key(form="text", doc="Why; shown to whoever reviews exemptions.", required=True),
}
