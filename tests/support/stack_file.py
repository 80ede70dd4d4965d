"""Stack files for tests: start from a small valid one and change one thing."""

import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

NAMESPACE = "ml-workspace"
REQUIRED_TAGS = {"owner": "ml-platform@example.org", "cost-center": "4711", "project": "tests"}


def unique_workload() -> str:
    """Return a workload that no other run uses, short enough for every name that is made of it.

    The digit keeps it from being a part of a word in somebody else's name.
    """
    letters = string.ascii_lowercase + string.digits
    return f"t{secrets.choice(string.digits)}{''.join(secrets.choice(letters) for _ in range(3))}"


def valid_settings(workload: str, **changed: object) -> dict[str, Any]:
    """Return a compliant configuration; a value of ``None`` takes a key away."""
    settings: dict[str, Any] = {
        "workload": workload,
        "environment": "dev",
        "location": "westeurope",
        "tags": dict(REQUIRED_TAGS),
        "keyVault": {"name": f"kv-{workload}"},
    }
    settings.update(changed)
    return {key: value for key, value in settings.items() if value is not None}


def write_stack_file(folder: Path, stack: str, settings: Mapping[str, Any]) -> Path:
    """Write ``Pulumi.<stack>.yaml``; what the CLI keeps there itself (the salt of the passphrase) stays."""
    path = folder / f"Pulumi.{stack}.yaml"
    kept = yaml.safe_load(path.read_text()) or {} if path.exists() else {}
    kept["config"] = {f"{NAMESPACE}:{key}": value for key, value in settings.items()}
    path.write_text(yaml.safe_dump(kept, sort_keys=False))
    return path
