"""The text of a new stack file: the settings that were given, with comments, and examples of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.stack_files.stack_file_values import set_value, to_flow

_TEXT = """# Made by `mlw create`. Change it with `mlw update {stack} --set KEY=VALUE`, or edit it and run `make up`.
# Property names are Azure's own. All keys: docs/settings.md. All rules: docs/policies.md.
config:
  # What the workspace is for; part of every default name.
  ml-workspace:workload: {workload}
  # dev | test | stage | prod
  ml-workspace:environment: {environment}
  # An Azure region. It is part of names and ids; everything runs on this machine.
  ml-workspace:location: {location}
  # Distinguishes workspaces of one workload. In quotes, to keep its zeros.
  ml-workspace:instance: {instance}

  # On every resource, unless it sets the same tag itself. No secrets: tags are shown in plain text.
  ml-workspace:tags:{tags}

  # Examples of other keys:
  # ml-workspace:tls: true
  # ml-workspace:storageAccount: {{deleteRetentionDays: 30}}
  # ml-workspace:roleAssignments: [{{principal: dora, role: DataScientist}}]
  # ml-workspace:datastores: [{{name: features, type: AzureBlob, container: features}}]
  # ml-workspace:tracking: {{}}
  # ml-workspace:computes: [{{name: cpu-cluster, type: AmlCompute, maxNodeCount: 2}}]
  # ml-workspace:expiresAfter: 7d
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewStack:
    """What a new stack file is made of; a name left out is made by the pattern.

    Attributes:
        workload: Part of every default name.
        name: Name of the workspace.
    """

    stack: str
    workload: str
    environment: str = "dev"
    location: str = "westeurope"
    instance: str = "001"
    name: str = ""
    resource_group: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The stack file."""
        tags = "".join(f"\n    {to_flow(key)}: {to_flow(value)}" for key, value in self.tags.items())
        text = _TEXT.format(
            stack=self.stack,
            workload=to_flow(self.workload),
            environment=to_flow(self.environment),
            location=to_flow(self.location),
            instance=f'"{self.instance}"' if self.instance.isalnum() else to_flow(self.instance),
            tags=tags or " {}",
        )
        if self.resource_group:
            text = set_value(text, ["ml-workspace:resourceGroup", "name"], self.resource_group)
        return set_value(text, ["ml-workspace:workspace", "name"], self.name) if self.name else text
