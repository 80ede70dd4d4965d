"""Map violations of resources to keys of the stack file; does not import Pulumi.

The engine passes the stack's configuration to the pack. For a stack of this project, a violation is reported at the key
that must change, in the words of `mlw policy check`; for resources of another program only the property is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from infra.rules.policy.rule import ResourceView
from infra.rules.stack.stack_file_keys import NAMESPACE
from infra.rules.violation import Violation

_WORKLOAD = f"{NAMESPACE}workload"
_ADDITIONAL = f"{NAMESPACE}additionalStorageAccounts"


@dataclass(slots=True)
class StackKeys:
    """The keys of one stack file; empty until the engine passes its configuration.

    Attributes:
        config: The stack's configuration, by full key; lists and mappings as JSON.
        file: The stack file, for messages.
    """

    config: Mapping[str, str] = field(default_factory=dict)
    file: str = ""

    def read(self, config: Mapping[str, str], *, stack: str) -> None:
        """Store the configuration that the engine passes."""
        self.config = {key: value for key, value in config.items() if key.startswith(NAMESPACE)}
        self.file = f"stacks/Pulumi.{stack}.yaml"

    def describe(self, resource: ResourceView, violation: Violation) -> tuple[str, str]:
        """The key of a violation, and its message."""
        if _WORKLOAD not in self.config:
            return _of_resource(resource, violation.under(resource.component.section))
        section, written = self._section_of(resource)
        origin = self._inherited(written, violation.key) or f"{section}.{violation.key}"
        told = replace(violation, key=origin, file=self.file)
        if origin == _WORKLOAD:
            found = f"it gives the {resource.component.kind} name {violation.shown_value}: {violation.found}"
            return origin, replace(told, value=self.config[_WORKLOAD], found=found).message
        if origin not in violation.fix:
            told = replace(told, fix=violation.fix.replace(f"'{violation.key}'", f"'{origin}'"))
        return origin, told.message

    def _section_of(self, resource: ResourceView) -> tuple[str, Mapping[str, object]]:
        """The key of a resource's section, and its content."""
        section = f"{NAMESPACE}{resource.component.section}"
        if resource.props.get("role") != "additional":
            return section, _mapping(self._read(section))
        accounts = self._read(_ADDITIONAL)
        for index, account in enumerate(accounts if isinstance(accounts, list) else []):
            if _mapping(account).get("name") == resource.props.get("name"):
                return f"{_ADDITIONAL}[{index}]", _mapping(account)
        return _ADDITIONAL, {}

    def _inherited(self, written: Mapping[str, object], key: str) -> str:
        """The key that a property is inherited from; empty if the section sets it."""
        name, _, tag = key.partition(".")
        if name == "tags":
            return "" if tag in _mapping(written.get(name)) else f"{NAMESPACE}{key}"
        if name in written:
            return ""
        if name == "name":
            return _WORKLOAD
        if name == "location":
            group = f"{NAMESPACE}resourceGroup"
            return f"{group}.location" if name in _mapping(self._read(group)) else f"{NAMESPACE}location"
        return ""

    def _read(self, key: str) -> object:
        try:
            return json.loads(self.config.get(key, "null"))
        except ValueError:
            return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _of_resource(resource: ResourceView, violation: Violation) -> tuple[str, str]:
    name = resource.props.get("name")
    called = f"{resource.component.kind} '{name}'" if isinstance(name, str) else f"{resource.component.kind}"
    return f"{violation.key} of {called}", f"{called}: {violation.message}"
