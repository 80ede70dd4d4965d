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
    """Return a workload that no other run uses, short enough for every name that contains it.

    The digit keeps it from matching part of a word in a foreign name.
    """
    letters = string.ascii_lowercase + string.digits
    return f"t{secrets.choice(string.digits)}{''.join(secrets.choice(letters) for _ in range(3))}"


def valid_settings(workload: str, **changed: object) -> dict[str, Any]:
    """Return a compliant configuration; a value of ``None`` removes a key."""
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
    """Write ``Pulumi.<stack>.yaml``; keeps what the CLI stores there (the salt of the passphrase)."""
    path = folder / f"Pulumi.{stack}.yaml"
    kept = yaml.safe_load(path.read_text()) or {} if path.exists() else {}
    kept["config"] = {f"{NAMESPACE}:{key}": value for key, value in settings.items()}
    path.write_text(yaml.safe_dump(kept, sort_keys=False))
    return path


def together(changes: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Group changes by name, so that no two of a group change the same key: one stack file holds all of a group."""
    groups: list[tuple[list[str], set[str]]] = []
    for name, changed in changes.items():
        names, keys = next((group for group in groups if not group[1] & set(changed)), ([], set()))
        if not names:
            groups.append((names, keys))
        names.append(name)
        keys.update(changed)
    return [names for names, _ in groups]
