"""Writes the table of `docs/roles.md` from the roles; `python -m tools.docs` brings it up to date.

A test compares the file with what this makes, so that the document can't say anything else than the services do.
"""

from __future__ import annotations

from pathlib import Path

from infra.rules.roles.role_definitions import BUILT_IN
from infra.rules.roles.role_operations import OPERATIONS, Service

FILE = Path(__file__).parents[2] / "docs" / "roles.md"
BEGIN = "<!-- made by `python -m tools.docs`, do not edit -->\n"
END = "<!-- end of what is made -->\n"

_TITLES = {
    Service.KEY_VAULT: "Key vault",
    Service.STORAGE: "Storage account",
    Service.REGISTRY: "Container registry",
    Service.TELEMETRY: "Application insights",
    Service.TRACKING: "Tracking server",
    Service.COMPUTES: "Jobs and assets",
    Service.INFERENCE: "Online endpoints",
}


def render() -> str:
    """What stands between the marks: the roles, then a table for each service."""
    roles = [
        "| Role | Short name | What it is | Where Azure differs |\n|---|---|---|---|\n",
        *(f"| {r.name} | {f'`{r.alias}`' if r.alias else ''} | {r.description} | {r.deviation} |\n" for r in BUILT_IN),
    ]
    return "".join([*roles, *(_table(service) for service in Service)])


def updated(document: str) -> str:
    """The document with what is made brought up to date."""
    head, _, rest = document.partition(BEGIN)
    return f"{head}{BEGIN}\n{render()}\n{END}{rest.partition(END)[2]}"


def _table(service: Service) -> str:
    names = [role.alias or role.name for role in BUILT_IN]
    lines = [f"\n### {_TITLES[service]}\n\n", f"| Operation | Kind | What it allows | {' | '.join(names)} |\n"]
    lines.append(f"|---|---|---|{':-:|' * len(names)}\n")
    for name, operation in OPERATIONS.items():
        if operation.service is service:
            marks = " | ".join("yes" if name in role.operations else "-" for role in BUILT_IN)
            kind = "DataActions" if operation.data else "Actions"
            lines.append(f"| `{name}` | {kind} | {operation.meaning} | {marks} |\n")
    return "".join(lines)
