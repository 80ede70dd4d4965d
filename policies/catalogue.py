"""All rules, found by their files: one file one rule, the path is the id."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from policies.rule import Rule

_FOLDER = Path(__file__).parent


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by id, in the order of the files."""
    modules = (
        f"policies.{path.parent.name}.{path.stem}" for path in sorted(_FOLDER.glob("*/*.py")) if path.stem != "__init__"
    )
    rules = (importlib.import_module(module).RULE for module in modules)
    return {rule.id: rule for rule in rules}
