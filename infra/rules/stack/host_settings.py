"""Settings of the host: the ports that the stack may publish, and the registry mirror for images."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from infra.rules.policy.rule import StackRule
from infra.rules.resources.properties import Property
from infra.rules.violation import Violation

MIN_PORT, MAX_PORT = 1024, 65535
NEEDED_PORTS = 6
DEFAULT_PORT_RANGE = (20000, 29999)


_FOR_NEW_PORTS = "in place; the stack keeps the ports it has"


class PortRangeProperties:
    """The range of ports that a stack may publish, inclusive."""

    first: Annotated[int, Property(doc="First port.", default=DEFAULT_PORT_RANGE[0], effect=_FOR_NEW_PORTS)]
    last: Annotated[int, Property(doc="Last port.", default=DEFAULT_PORT_RANGE[1], effect=_FOR_NEW_PORTS)]


PORTS = StackRule(
    "ports-stack-limit-range", "The port range is between 1024 and 65535 and has a port for every service."
)
MIRROR = StackRule("images-stack-require-registry-reference", "The image registry is host[:port][/path].")

_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])"
_MIRROR = re.compile(rf"{_HOST}(?::(?P<port>[0-9]{{1,5}}))?(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*", re.ASCII)


def check_port_range(
    ports: Mapping[str, int], *, needed: int = NEEDED_PORTS, key: str = "portRange"
) -> list[Violation]:
    """Violations in the range of ports that a stack may publish; ``needed`` is how many it publishes."""
    first, last = ports.get("first", DEFAULT_PORT_RANGE[0]), ports.get("last", DEFAULT_PORT_RANGE[1])
    allowed = f"first and last between {MIN_PORT} and {MAX_PORT}, at least {needed} ports"
    outside = [(name, port) for name, port in (("first", first), ("last", last)) if not MIN_PORT <= port <= MAX_PORT]
    if outside:
        return [
            Violation(
                rule=PORTS,
                key=f"{key}.{name}",
                value=port,
                found="out of range",
                allowed=allowed,
                fix=f"set '{key}.{name}' to e.g. {DEFAULT_PORT_RANGE[name == 'last']}",
            )
            for name, port in outside
        ]
    if last - first + 1 >= needed:
        return []
    count = max(last - first + 1, 0)
    return [
        Violation(
            rule=PORTS,
            key=key,
            value=f"{first}-{last}",
            found=f"the range has {count} port{'s' * (count > 1)}, but a workspace needs {needed}"
            if count
            else "it ends before it starts",
            allowed=allowed,
            fix=f"set '{key}' to e.g. {{first: {DEFAULT_PORT_RANGE[0]}, last: {DEFAULT_PORT_RANGE[1]}}}",
        )
    ]


def check_image_registry(reference: str, *, key: str = "imageRegistry") -> list[Violation]:
    """A violation if ``reference`` is not a valid registry reference."""
    match = _MIRROR.fullmatch(reference)
    if match and 0 < int(match["port"] or 1) <= MAX_PORT:
        return []
    scheme = "it starts with a scheme" if "://" in reference else "not a registry reference"
    return [
        Violation(
            rule=MIRROR,
            key=key,
            value=reference,
            found=scheme,
            secret="@" in reference,
            allowed="host[:port][/path], the path in lower case, without a scheme, user or trailing slash",
            fix=f"set '{key}' to e.g. 'mirror.example.org:5000/ml'",
        )
    ]
