"""Which Python an environment gets: the one that it asks for, if there is one here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlw.environments.environment_errors import EnvironmentFileError

DEFAULT = "3.11"
"""The version of the base image: Debian's, with its security updates."""
AVAILABLE = (DEFAULT,)
OLDEST = (3, 6)
NEWEST = (3, 14)
REPLACED_FROM = (3, 9)
"""From this version on another one is taken with a warning, without being asked for: few scripts notice."""

_SPECIFIER = re.compile(r"(==|!=|>=|<=|~=|>|<)([0-9]+)(?:\.([0-9]+))?([.0-9*]*)")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A version of Python.

    Attributes:
        version: Major and minor.
        is_raised: Whether the environment asks for an earlier one.
        notice: What to tell, if it is not what the environment asks for.
    """

    version: str
    is_raised: bool = False
    notice: str = ""


def choose(specifier: str, *, allow_newer: bool, available: tuple[str, ...] = AVAILABLE) -> Chosen:
    """Choose a version.

    Args:
        specifier: What the environment asks for, e.g. ``==3.10.*``; empty for any.
        allow_newer: Whether to take a newer version if there is none that it asks for.
        available: Versions that can be had here; the first is the preferred one.

    Raises:
        EnvironmentFileError: There is none.
    """
    suitable = [minor for minor in range(OLDEST[1], NEWEST[1] + 1) if _allows(specifier, minor)]
    for version in (available[0], *sorted(available[1:], key=_minor, reverse=True)):
        if _minor(version) in suitable:
            return Chosen(version=version)
    wanted = specifier.replace(".*", "").removeprefix("==")
    newer = [version for version in sorted(available, key=_minor) if suitable and _minor(version) > max(suitable)]
    if suitable and (max(suitable) >= REPLACED_FROM[1] or (newer and allow_newer)):
        chosen = available[0] if available[0] in newer or not newer else newer[0]
        return Chosen(
            version=chosen,
            is_raised=True,
            notice=f"warning: Python {chosen} replaces Python {wanted}, which cannot be had here. Packages may behave "
            "differently",
        )
    advice = (
        f"Use `python={newer[0]}`, or allow a newer version for this environment as it is with --allow-newer-python."
        if newer
        else f"Use `python={available[0]}`."
    )
    raise EnvironmentFileError(
        f"choosing the Python of an environment: it asks for Python {wanted}; available: {', '.join(available)}. "
        f"{advice}"
    )


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def _allows(specifier: str, minor: int) -> bool:
    return all(_matches(found, minor) for found in _SPECIFIER.finditer(specifier))


def _matches(found: re.Match[str], minor: int) -> bool:
    """Compare minor versions only: there is one release of each."""
    sign, major, wanted = found[1], int(found[2]), int(found[3]) if found[3] else None
    if major != OLDEST[0]:
        return sign in ({"<", "<=", "!="} if major > OLDEST[0] else {">", ">=", "!="})
    if wanted is None:
        return sign not in {"!=", "<"}
    has_patch = bool(found[4].strip(".*"))
    return {
        "==": minor == wanted,
        "!=": minor != wanted or has_patch,
        "~=": minor == wanted if has_patch else minor >= wanted,
        ">=": minor >= wanted,
        ">": minor > wanted or (has_patch and minor == wanted),
        "<=": minor <= wanted,
        "<": minor < wanted or (has_patch and minor == wanted),
    }[sign]
