"""`identity` of an endpoint: the words of Azure's YAML, and the principal that they name here.

An identity that is assigned by the user is a principal that the stack file releases for endpoints. Azure's identity of
its own for each endpoint, `system_assigned`, has no rights until somebody assigns it a role; here it is none at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.host.near_names import suggestion
from mlw.stacks.stacks import Stack

KEY = "identity"
NONE, SYSTEM, USER = "none", "system_assigned", "user_assigned"
_TYPES = (NONE, SYSTEM, USER)
_LIST = f"{KEY}.user_assigned_identities"
_PROVIDER = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"


def principal_of(given: object) -> str:
    """The principal that :func:`problems` finds nothing wrong with; empty for none."""
    if isinstance(given, str):
        return "" if given.lower() in _TYPES else _last(given)
    if not isinstance(given, Mapping) or USER not in _types(given):
        return ""
    return next(iter(_names(given)), "")


def problems(given: object, stack: Stack) -> Iterator[str]:
    """Everything that is not allowed, one sentence each."""
    if given is None:
        return
    if isinstance(given, Mapping):
        wrong = [one for one in _types(given) if one not in _TYPES]
        if wrong or not given.get("type"):
            yield f"{KEY}.type is '{given.get('type') or ''}'; allowed: {', '.join(_TYPES)}."
            return
        names = _names(given)
        if USER in _types(given) and len(names) != 1:
            yield f"{_LIST} has {len(names)} entries with a resource_id; an endpoint has one identity here."
            return
    elif not isinstance(given, str):
        yield f"{KEY} is {given!r}; write e.g. {KEY}: {{type: {SYSTEM}}}."
        return
    if name := principal_of(given):
        yield from not_released(name, stack)


def not_released(name: str, stack: Stack) -> Iterator[str]:
    """A sentence, if a principal is none that endpoints of a stack may have."""
    outputs = stack.require_outputs()
    released: Sequence[str] = outputs.get("endpointIdentities") or ()
    if name in released:
        return
    known = sorted({str(held["principal"]) for held in outputs.get("roleAssignments") or ()})
    is_known = "is no identity for endpoints" if name in known else "is no principal of the stack"
    fix = f"add it to 'ml-workspace:inference.identities' in stacks/Pulumi.{stack.name}.yaml"
    if name not in known:
        fix += f", with a role in 'ml-workspace:roleAssignments' (principals: {', '.join(known) or 'none'})"
    yield (
        f"{KEY} names '{name}', which {is_known}.{suggestion(name, released)} Allowed: "
        f"{', '.join(released) or 'none yet'}. To allow it, {fix}, and run `make up STACK={stack.name}`."
    )


def notices(given: object) -> Iterator[str]:
    """What an identity does not mean here."""
    if isinstance(given, Mapping) and SYSTEM in _types(given):
        yield (
            f"`{KEY}.type: {SYSTEM}` gives the containers no credentials here: name a principal with `{USER}` for that."
        )


def document(principal: str, workspace_id: str) -> dict[str, Any]:
    """As in Azure's documents.

    Args:
        principal: The principal; empty for none.
        workspace_id: Resource id of the workspace.
    """
    if not principal:
        return {"type": NONE}
    group = workspace_id.partition("/providers/")[0]
    return {"type": USER, "user_assigned_identities": [{"resource_id": f"{group}/{_PROVIDER}/{principal}"}]}


def _types(given: Mapping[str, Any]) -> list[str]:
    # `SystemAssigned, UserAssigned` is both.
    words = str(given.get("type") or "").lower().replace("_", "").split(",")
    return [{"systemassigned": SYSTEM, "userassigned": USER}.get(one.strip(), one.strip()) for one in words]


def _names(given: Mapping[str, Any]) -> list[str]:
    listed = given.get("user_assigned_identities")
    ids = [one.get("resource_id") if isinstance(one, Mapping) else one for one in listed or ()]
    return [_last(str(one)) for one in ids if one]


def _last(resource_id: str) -> str:
    return resource_id.rstrip("/").rpartition("/")[2]
