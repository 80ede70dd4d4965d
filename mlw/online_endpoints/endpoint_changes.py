"""Creates, changes and deletes online endpoints: texts, traffic, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from mlw.azure_files import overrides
from mlw.online_endpoints import endpoint_identity, endpoint_keys, identity_changes, publishing
from mlw.online_endpoints.deployment_settings import NAME, NAME_RULE
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_keys import Keys
from mlw.online_endpoints.endpoint_records import Deployment, Endpoint
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.records.authored import now, texts

KEY = "key"
_WHOLE, _MOST_MIRRORED = 100, 50
_CHANGEABLE = ("description", "tags", "properties", "traffic", "mirror_traffic", "identity")
_IGNORED = {
    "public_network_access": "the front listens on this machine only",
    "location": "there is one location",
    "compute": "there is one machine",
}


def create(workspace: EndpointWorkspace, document: Mapping[str, Any]) -> Endpoint:
    """Create an endpoint with new keys; it has no traffic until it has deployments.

    Raises:
        EndpointError: The file is wrong, or the name is taken.
    """
    name, given = str(document.get("name") or ""), document.get("identity")
    check(document, endpoint_identity.problems(given, workspace.stack))
    for notice in (*ignored(document), *endpoint_identity.notices(given)):
        workspace.say(notice)
    keys = Keys.new()
    made = Endpoint(
        name=name, key_hashes=keys.hashes, created=now(), created_by=workspace.user,
        description=str(document.get("description") or ""), tags=texts(document.get("tags")),
        properties=texts(document.get("properties")), identity=endpoint_identity.principal_of(given),
    )  # fmt: skip
    with workspace.changing(name):
        if name.lower() in {one.lower() for one in workspace.records.names()}:
            workspace.records.create(replace(made, name=_taken(workspace, name)))
        with publishing.taking_back(lambda: _remove(workspace, name), "Nothing of it is left."):
            endpoint_keys.write(workspace, name, keys)
            workspace.records.create(made)
            publishing.publish(workspace)
    return made


def _remove(workspace: EndpointWorkspace, name: str) -> None:
    """Remove the record of an endpoint without deployments, and its keys."""
    workspace.records.delete(name)
    endpoint_keys.delete(workspace, name)


def check(document: Mapping[str, Any], more: Iterable[str] = ()) -> None:
    """Check the file of a new endpoint.

    Args:
        document: The file.
        more: What is wrong in addition, one sentence each.

    Raises:
        EndpointError: Something is not allowed; the message has all of it.
    """
    _raise(f"creating online endpoint '{document.get('name') or ''}'", (*_problems(document), *more))


def _taken(workspace: EndpointWorkspace, name: str) -> str:
    """The existing name that differs only in case: addresses do not."""
    return next(one for one in workspace.records.names() if one.lower() == name.lower())


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    if not NAME.fullmatch(name := str(document.get("name") or "")):
        yield f"name is '{name}'; {NAME_RULE}."
    mode = str(document.get("auth_mode") or KEY).lower()
    if mode != KEY:
        yield f"auth_mode is '{mode}'; allowed here: {KEY}. Tokens are those of Azure's own directory."
    for field in ("traffic", "mirror_traffic"):
        if any((document.get(field) or {}).values()):
            yield f"{field} names deployments, which do not exist yet. Set it when they do."


def ignored(document: Mapping[str, Any]) -> list[str]:
    """What a file sets that changes nothing here, and why."""
    return [f"`{key}` is ignored: {why}." for key, why in _IGNORED.items() if document.get(key)]


def update(workspace: EndpointWorkspace, name: str, change: Callable[[dict[str, Any]], None]) -> Endpoint:
    """Change an endpoint.

    Args:
        workspace: The workspace.
        name: The endpoint.
        change: Changes the document with the keys that can be changed.

    Raises:
        EndpointError: The change is not valid.
    """
    doing = f"updating online endpoint '{name}'"
    with workspace.changing(name):
        known = workspace.records.deployments(name)
        before = workspace.records.endpoint(name)
        document = {key: dict(value) if isinstance(value := getattr(before, key), Mapping) else value
                    for key in _CHANGEABLE}  # fmt: skip
        document |= {"identity": endpoint_identity.document(before.identity, workspace.record_id)}
        change(document)
        if unknown := sorted(set(document) - set(_CHANGEABLE)):
            raise EndpointError(f"{doing}: '{unknown[0]}' cannot be changed; allowed: {', '.join(_CHANGEABLE)}.")
        problems = list(traffic_problems(document["traffic"], document["mirror_traffic"], known))
        identity = _identity(workspace, before, document["identity"], problems)
        _raise(doing, problems)
        made: dict[str, Any] = {
            "description": str(document["description"] or ""), "tags": texts(document["tags"]),
            "properties": texts(document["properties"]), "traffic": _shares(document["traffic"]),
            "mirror_traffic": _shares(document["mirror_traffic"]), "identity": identity,
        }  # fmt: skip
        is_same = identity == before.identity
        with nullcontext() if is_same else identity_changes.changing(workspace, name, identity, doing):
            after = workspace.records.change(
                name, lambda one: replace(one, **made, changed=now(), changed_by=workspace.user)
            )
            publishing.publish(workspace)
    return after


def _identity(workspace: EndpointWorkspace, before: Endpoint, given: object, problems: list[str]) -> str:
    """The identity after a change; what is wrong with it is added. One that stays is not checked."""
    if given == endpoint_identity.document(before.identity, workspace.record_id):
        return before.identity
    problems.extend(endpoint_identity.problems(given, workspace.stack))
    for notice in endpoint_identity.notices(given):
        workspace.say(notice)
    return endpoint_identity.principal_of(given)


def of_file(document: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    """A change by a file: what it does not have stays."""
    return lambda before: before.update({key: document[key] for key in _CHANGEABLE if key in document})


def of_options(
    traffic: str | None, mirror_traffic: str | None, changes: Sequence[str], name: str
) -> Callable[[dict[str, Any]], None]:
    """A change by options: `--traffic` and `--mirror-traffic` name all shares, the others get none."""
    doing = f"updating online endpoint '{name}'"

    def change(before: dict[str, Any]) -> None:
        if traffic is not None:
            before["traffic"] = parse_shares(traffic, "--traffic", doing)
        if mirror_traffic is not None:
            before["mirror_traffic"] = parse_shares(mirror_traffic, "--mirror-traffic", doing)
        overrides.apply(before, changes, doing)

    return change


def parse_shares(text: str, option: str, doing: str) -> dict[str, int]:
    """Read `blue=90 green=10`; commas separate as well.

    Raises:
        EndpointError: It is something else.
    """
    found = {}
    for one in text.replace(",", " ").split():
        name, equals, share = one.partition("=")
        if not equals or not share.isdecimal():
            raise EndpointError(f"{doing}: {option} '{text}': '{one}' is not NAME=PERCENT, e.g. \"blue=90 green=10\".")
        found[name] = int(share)
    return found


def traffic_problems(traffic: object, mirror: object, known: Sequence[Deployment]) -> Iterator[str]:
    """Everything that is wrong with shares of traffic, one sentence each."""
    names = [one.name for one in known]
    for key, shares in (("traffic", traffic), ("mirror_traffic", mirror)):
        if not isinstance(shares, Mapping):
            yield f"{key} is {shares!r}; write e.g. {key}: {{blue: 10}}."
            return
        for name, share in shares.items():
            if name not in names:
                yield f"{key} names '{name}', which is no deployment; deployments: {', '.join(names) or 'none'}."
            if not isinstance(share, int) or not 0 <= share <= _WHOLE:
                yield f"{key}.{name} is {share!r}; allowed: 0 to {_WHOLE}."
                return
    yield from _sums(_shares(traffic), _shares(mirror))


def _sums(traffic: Mapping[str, int], mirror: Mapping[str, int]) -> Iterator[str]:
    if (total := sum(traffic.values())) not in {0, _WHOLE}:
        yield f"the shares of traffic add up to {total}; they must add up to {_WHOLE}, or to 0 for none."
    mirrored = {name: share for name, share in mirror.items() if share}
    if len(mirrored) > 1:
        yield f"mirror_traffic names {len(mirrored)} deployments; one can get a copy of the traffic."
    for name, share in mirrored.items():
        if share > _MOST_MIRRORED:
            yield f"mirror_traffic.{name} is {share}; allowed: at most {_MOST_MIRRORED}."
        if traffic.get(name):
            yield f"mirror_traffic names '{name}', which has {traffic[name]} % of the traffic itself."


def regenerate(workspace: EndpointWorkspace, name: str, which: str) -> Keys:
    """Replace one key; the other one is valid all the time.

    Raises:
        EndpointError: There is no such endpoint, or the role does not allow it.
    """
    with workspace.changing(name):
        workspace.records.endpoint(name)
        keys = endpoint_keys.read(workspace, name).regenerated(which)
        endpoint_keys.write(workspace, name, keys)
        workspace.records.change(
            name, lambda one: replace(one, key_hashes=keys.hashes, changed=now(), changed_by=workspace.user)
        )
        publishing.publish(workspace)
    return keys


def delete(workspace: EndpointWorkspace, name: str) -> None:
    """Delete an endpoint with its deployments and keys.

    Raises:
        EndpointNotFoundError: There is no such endpoint.
    """
    with workspace.changing(name):
        workspace.records.endpoint(name)
        # The record comes last: a command that is killed can be repeated.
        for deployment in workspace.records.deployment_names(name):
            workspace.records.delete_deployment(name, deployment)
        publishing.publish(workspace)
        publishing.take_away(workspace, name, ())
        endpoint_keys.delete(workspace, name)
        workspace.records.delete(name)
        publishing.publish(workspace)
        # While it is held: whoever waits for it sees that, and makes a new one.
        workspace.lock_of(name).unlink(missing_ok=True)


def _raise(doing: str, problems: Iterable[str]) -> None:
    if found := list(problems):
        raise EndpointError(f"{doing}: {found[0]}" if len(found) == 1 else "\n- ".join([f"{doing}:", *found]))


def _shares(given: object) -> dict[str, int]:
    return {str(name): int(share) for name, share in given.items()} if isinstance(given, Mapping) else {}
