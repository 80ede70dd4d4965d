"""Resolve the scalars of a stack file as the Pulumi CLI does.

The CLI uses Go's yaml.v3, which is neither YAML 1.1 nor 1.2: `yes` is a string, `017` and `0o17` are 15, `1_000` is
1000, `2027-06-30` is a timestamp. Owns these rules, not the structure of documents.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{f"{sign}{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_MOMENT = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
    r"(?:(?P<gap>[Tt ])(?P<hour>\d\d?):(?P<minute>\d\d?):(?P<second>\d\d?)(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|[-+]\d\d:\d\d)?)?",
    re.ASCII,
)
_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "null": (type(None),),
    "timestamp": (str,),
}


class ScalarError(ValueError):
    """The text does not fit its tag; the message says so."""


def scalar_value(text: str, tag: str | None, *, plain: bool) -> Scalar:
    """The value of a scalar.

    Args:
        text: Its text, without quotes.
        tag: Its tag as written; None for none.
        plain: True if it is neither quoted nor a block scalar.

    Raises:
        ScalarError: The text does not fit the tag.
    """
    if tag in {None, "!"}:
        return _resolved(text) if plain else text
    name = str(tag).removeprefix(_TAG)
    if name == "binary":
        return _from_base64(text)
    if name not in _TYPES or name == tag:
        return text
    value = _resolved(text)
    if name == "timestamp" and value == text:
        raise ScalarError(f"'{text}' is not a valid {name}")
    if not isinstance(value, _TYPES[name]) or (isinstance(value, bool) and name != "bool"):
        raise ScalarError(f"'{text}' is not a valid {name}")
    return float(value) if name == "float" and value is not None else value


def number_text(value: float) -> str:
    """Format a number as Go does in JSON: `7` for 7.0, `1e+21`, `1e-7`."""
    if isinstance(value, int):
        return str(value)
    if value == 0 or 1e-6 <= abs(value) < 1e21:  # noqa: PLR2004 - JavaScript's limits, which Go's JSON follows
        digits, _, exponent = repr(value).partition("e")
        return _shifted(digits, int(exponent or 0))
    return re.sub(r"e([-+])0", r"e\1", repr(value))


def _shifted(digits: str, exponent: int) -> str:
    """``digits`` times ten to the power of ``exponent``, written without an exponent and without redundant zeros."""
    sign, whole, fraction = digits[: digits.startswith("-")], *digits.lstrip("-").partition(".")[::2]
    number, point = whole + fraction, len(whole) + exponent
    number = number.rjust(len(number) + max(0, 1 - point), "0").ljust(point, "0")
    point = max(point, 1)
    text = f"{number[:point]}.{number[point:]}".rstrip("0").rstrip(".")
    return "0" if text == "0" else sign + text


def _resolved(text: str) -> Scalar:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] == ".":
        return float(text) if _FLOAT.fullmatch(text) and text != "." else text
    if text[0] not in "+-0123456789":
        return text
    return _moment(text) or _number(text)


def _number(text: str) -> Scalar:
    bare = text.replace("_", "")
    if found := _INTEGER.fullmatch(bare):
        digits, base = next((d, b) for d, b in zip(found.groups()[1:], _BASES, strict=True) if d is not None)
        whole = int(found[1] + digits, base)
        if -(2**63) <= whole < 2**64:
            return whole
    if _FLOAT.fullmatch(bare):
        value = float(bare)
        return value if math.isfinite(value) else text
    return text


def _moment(text: str) -> str | None:
    """Format a timestamp as Go does; None if the text is not a timestamp."""
    found = _MOMENT.fullmatch(text)
    if not found or (found["gap"] in {"T", "t"}) != bool(found["zone"]):
        return None
    try:
        year, month, day = (int(found[name]) for name in ("year", "month", "day"))
        hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
        moment = dt.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is formatted separately
    except ValueError:
        return None
    fraction = (found["fraction"] or "").rstrip("0")
    zone = (found["zone"] or "Z").replace(":", "")
    shown = "+0000 UTC" if zone in {"Z", "+0000", "-0000"} else f"{zone} {zone}"
    return f"{moment:%Y-%m-%d %H:%M:%S}{'.' * bool(fraction)}{fraction} {shown}"


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", errors="replace")
    except binascii.Error as exc:
        raise ScalarError(f"its base64 text is not valid: {exc}") from exc
