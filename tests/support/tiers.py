"""The tiers of the tests: the tier of a file, the order of the tiers, and the check that none is empty.

The tier ``soak`` takes hours: it runs only with ``make soak``, or if its folder is named.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

TESTS_ROOT = Path(__file__).resolve().parents[1]
TIERS = ("unit", "policy", "integration", "e2e", "fault", "soak")
ENGINE_TIERS = frozenset({"integration", "e2e", "fault", "soak"})
ON_DEMAND = frozenset({"soak"})
"""Tiers that run only when their own folder, or something in it, is asked for."""
LAST_FILE = TESTS_ROOT / "e2e" / "test_engine_is_left_as_found.py"


@cache  # of a file once, not of each of its tests
def tier_of(path: Path) -> str:
    """Return the tier of a test file: the first folder below ``tests/``."""
    tier = path.relative_to(TESTS_ROOT).as_posix().partition("/")[0]
    if tier not in TIERS:
        message = f"'{path}' belongs to no tier; allowed folders below tests/: {', '.join(TIERS)}"
        raise ValueError(message)
    return tier


def position_of(path: Path) -> tuple[int, Path]:
    """Return the place of a file in the run: by tier, then by folder; tests that look for others' traces come last."""
    return len(TIERS) if path == LAST_FILE else TIERS.index(tier_of(path)), path.parent


def asks_for_engine(asked_for: Iterable[Path]) -> bool:
    """Return whether any of the requested files and folders needs the engine."""
    folders = [TESTS_ROOT / tier for tier in ENGINE_TIERS]
    return any(
        folder.is_relative_to(asked) or asked.is_relative_to(folder) for asked in asked_for for folder in folders
    )


def empty_tiers(asked_for: Iterable[Path], collected: Iterable[Path]) -> list[str]:
    """Return the tiers that were requested as a whole and have no test."""
    folders = list(asked_for)
    found = {tier_of(path) for path in collected}
    asked = [
        tier
        for tier in TIERS
        if any((TESTS_ROOT / tier).is_relative_to(folder) for folder in folders)
        and not is_left_out(TESTS_ROOT / tier, folders)
    ]
    return [tier for tier in asked if tier not in found]


def is_left_out(path: Path, asked_for: Iterable[Path]) -> bool:
    """Return whether a path belongs to a tier that runs on demand and was not requested."""
    tiers = [TESTS_ROOT / tier for tier in ON_DEMAND if path.is_relative_to(TESTS_ROOT / tier)]
    return any(not any(asked.is_relative_to(tier) for asked in asked_for) for tier in tiers)
