"""Duration of the rules for a very large stack: 50 tags on every resource, a hundred datastores.

Measures only the check itself; `make bench` measures the policy pack's share with real updates.
"""

from __future__ import annotations

import json
import time

from infra import settings
from infra.rules.tags.tag_limits import MAX_TAGS
from infra.settings import Settings

DATASTORES = 100
REQUIRED = {"owner": "ml-platform@example.org", "cost-center": "4711", "project": "bench"}
SECTIONS = ("resourceGroup", "storageAccount", "containerRegistry", "keyVault", "applicationInsights", "workspace")


def large_stack() -> dict[str, str]:
    """The configuration, in the engine's form."""
    own = {f"t{number}": f"{number}" for number in range(MAX_TAGS - len(REQUIRED))}
    datastores = [
        {"name": f"store_{number}", "type": "AzureBlob", "container": f"store-{number}", "tags": REQUIRED | own}
        for number in range(DATASTORES)
    ]
    sections = {f"ml-workspace:{section}": json.dumps({"tags": own}) for section in SECTIONS}
    return sections | {
        "ml-workspace:workload": "bench",
        "ml-workspace:tags": json.dumps(REQUIRED),
        "ml-workspace:datastores": json.dumps(datastores),
    }


def check(config: dict[str, str]) -> Settings:
    """Run the whole check, from the configuration to complete settings."""
    return settings.load(config, stack="bench")


def check_seconds() -> float:
    """Duration of the check in seconds."""
    config = large_stack()
    began = time.monotonic()
    check(config)
    return time.monotonic() - began
