"""Rewrites the state of a backup for another stack: pure functions on the output of `pulumi stack export`.

Names derived from resource names, the identity and the stack name are replaced everywhere except in secrets. What is
stored *in* a service or in files stays: the next update sees the difference and changes the content of the service too.
Containers and networks are dropped, because they are recreated.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from infra import labels
from infra.clients.state.state_secrets import is_secret
from infra.rules.names.engine_names import physical_name
from mlw.lifecycle.state_transfer import Exported

CONTENT = frozenset(
    {
        "ArtifactAccess",
        "CertificateAuthority",
        "DatastoreContainers",
        "DatastoreCredentials",
        "ReadyGate",
        "ServerCertificates",
        "StoragePrincipals",
        "VaultConfiguration",
        "VolumeFiles",
        "WorkspaceRecord",
    }
)
"""Types whose properties describe the content of a service or file."""

MADE_ANEW = ("docker:index/container:Container", "docker:index/network:Network")
_REFERENCES = ("dependencies", "propertyDependencies", "deletedWith")


@dataclass(frozen=True, kw_only=True, slots=True)
class Renaming:
    """How a state is renamed.

    Attributes:
        stacks: Name of the stack before and after.
        identities: Identity before and after.
        made_by: Who creates the stack, where and when; for people.
        resources: Maps the old name of each Azure resource to its new name, including unchanged names.
    """

    stacks: tuple[str, str]
    identities: tuple[str, str]
    made_by: str
    resources: Mapping[str, str]


def resource_names(exported: Exported) -> dict[str, str]:
    """Names of the stack's own Azure resources by their key."""
    guard = of_kind(exported, "ChangeGuard")
    return {key: str(one["properties"]["name"]) for key, one in guard["inputs"]["resources"].items()}


def of_kind(exported: Exported, kind: str) -> dict[str, Any]:
    """The first resource of a type that every stack has."""
    return next(r for r in exported["deployment"]["resources"] if r["type"].endswith(f":{kind}"))


def rewrite(exported: Exported, renaming: Renaming) -> Exported:
    """The state of the new stack, without containers and networks."""
    changed = copy.deepcopy(exported)
    everywhere, in_names = _always(renaming), _renamed(renaming)
    resources = [_rewritten(one, everywhere, in_names) for one in changed["deployment"]["resources"]]
    for one in resources:
        for values in (one.get("inputs") or {}, one.get("outputs") or {}):
            if values.get("stack") == renaming.stacks[0]:
                values["stack"] = renaming.stacks[1]
        _relabel(one, renaming)
    changed["deployment"]["resources"] = resources
    if any(before != after for before, after in renaming.resources.items()):
        _admit_new_names(of_kind(changed, "ChangeGuard"))
    identity = of_kind(changed, "StackIdentity")
    identity["outputs"]["made_by"] = renaming.made_by
    return without(changed, MADE_ANEW)


def place(exported: Exported, *, ports: Mapping[str, int], subnet: str, images: Mapping[str, str]) -> Exported:
    """The state with the ports, subnet and images of this engine."""
    changed = copy.deepcopy(exported)
    reserved = of_kind(changed, "EngineReservation")["outputs"]
    reserved["ports"], reserved["subnet"] = dict(ports), subnet
    reserved["image_ids"] = {**reserved["image_ids"], **images}
    return changed


def without(exported: Exported, types: Collection[str]) -> Exported:
    """The state without resources of some types, and without references to them."""
    resources = exported["deployment"]["resources"]
    gone = {one["urn"] for one in resources if one["type"] in types}
    kept = [{key: _unlinked(key, value, gone) for key, value in one.items()} for one in resources]
    kept = [{key: value for key, value in one.items() if value is not None} for one in kept if one["urn"] not in gone]
    return {**exported, "deployment": {**exported["deployment"], "resources": kept}}


def _unlinked(key: str, value: Any, gone: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    if key not in _REFERENCES or not value:
        return value
    if isinstance(value, str):
        return None if value in gone else value
    if isinstance(value, list):
        return [urn for urn in value if urn not in gone]
    return {name: [urn for urn in urns or [] if urn not in gone] for name, urns in value.items()}


Change = Callable[[str], str]


def _rewritten(resource: dict[str, Any], everywhere: Change, in_names: Change) -> dict[str, Any]:
    is_content = resource["type"].rpartition(":")[2] in CONTENT
    return {
        key: _mapped(value, everywhere if is_content and key in {"id", "inputs", "outputs"} else in_names)
        for key, value in resource.items()
    }


def _mapped(value: Any, change: Change) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        # A password may contain a name by chance.
        return value if is_secret(value) else {change(key): _mapped(entry, change) for key, entry in value.items()}
    return [_mapped(entry, change) for entry in value] if isinstance(value, list) else value


def _always(renaming: Renaming) -> Change:
    (stack, new_stack), (identity, new_identity) = renaming.stacks, renaming.identities
    beginning, own = f"urn:pulumi:{stack}::", f"pulumi:pulumi:Stack::ml-workspace-{stack}"

    def change(text: str) -> str:
        text = text.replace(identity, new_identity)
        if text.startswith(beginning):
            text = f"urn:pulumi:{new_stack}::{text.removeprefix(beginning)}"
        if text.endswith(own):
            text = f"{text.removesuffix(own)}pulumi:pulumi:Stack::ml-workspace-{new_stack}"
        return text

    return change


def _renamed(renaming: Renaming) -> Change:
    always = _always(renaming)
    names = dict(renaming.resources)
    names |= {physical_name(before): physical_name(after) for before, after in renaming.resources.items()}
    if all(before == after for before, after in names.items()):
        return always
    # Longest first, because a name may be a prefix of another one; unchanged names prevent matches inside of them.
    choices = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{choices})(?![A-Za-z0-9])")

    def change(text: str) -> str:
        return pattern.sub(lambda found: names[found[0]], always(text))

    return change


def _admit_new_names(guard: dict[str, Any]) -> None:
    """Let the first update of a copy differ from a locked original; its own locks apply from then on."""
    for values in (guard.get("inputs") or {}, guard.get("outputs") or {}):
        for key in ("locks", "configuration"):
            values.pop(key, None)


def _relabel(resource: dict[str, Any], renaming: Renaming) -> None:
    """The informational labels of a volume, and its identity if its labels predate identities.

    The identity that follows from those is that of the stack which was archived.
    """
    told = {labels.STACK: renaming.stacks[1], labels.MADE_BY: renaming.made_by}
    for values in (resource.get("inputs") or {}, resource.get("outputs") or {}):
        found = values.get("labels")
        for label in found if isinstance(found, list) else []:
            if not isinstance(label, dict):
                continue
            if label.get("label") in told:
                label["value"] = told[label["label"]]
            elif label.get("label") == labels.BACKEND:
                label |= {"label": labels.ID, "value": renaming.identities[1]}
