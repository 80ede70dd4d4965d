"""The rate card: what an hour of a CPU, of memory and of disk costs, in a file that whoever owns the machines writes.

`stacks/rates.yaml` next to the stack files, or another file. Nothing here knows a price: without a file there is no
cost.
"""

from __future__ import annotations

import datetime
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from infra.errors import MlWorkspaceError
from infra.host import project

FILE = "rates.yaml"
VARIABLE = "MLW_RATES"

Price = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]

_CURRENCY = r"^[A-Z]{3}$"


class RateCardError(MlWorkspaceError):
    """There is no rate card, or it is not valid."""


class RateCard(BaseModel):
    """Prices per unit; see `stacks/rates.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    currency: Annotated[str, Field(pattern=_CURRENCY)]
    """ISO 4217 code."""
    date: datetime.date
    """When the prices were determined."""
    source: Annotated[str, Field(min_length=1)]
    """Where they come from."""
    is_example: bool = False
    """Whether the prices are made up."""
    cpu_hour: Price
    """One CPU for one hour."""
    memory_gib_hour: Price
    """One GiB of memory limit for one hour."""
    volume_gib_month: Price
    """One GiB on disk for a month of 730 hours."""
    requests_per10000: Annotated[Price, Field(alias="requestsPer10000")]
    """10,000 requests that application insights has counted."""
    cpu_without_limit: Annotated[Decimal, Field(ge=0, le=64, allow_inf_nan=False)]
    """CPUs that a service without a CPU limit is charged for."""


def path_of(given: Path | None) -> Path:
    """The file: what is given, `MLW_RATES`, or `stacks/rates.yaml` of the project."""
    if given:
        return given
    if named := os.environ.get(VARIABLE):
        return Path(named)
    found = project.find()
    if found is None:
        raise RateCardError(
            f"looking for the rate card: there is no project with 'stacks/{FILE}'. Give a file with --rates, or set "
            f"{VARIABLE}."
        )
    return found / "stacks" / FILE


def load(given: Path | None = None) -> RateCard:
    """Read the rate card.

    Raises:
        RateCardError: There is none, or it is not valid; the message has every violation.
    """
    import yaml  # noqa: PLC0415 - only where costs are computed

    path = path_of(given)
    doing = f"reading the rate card '{path}'"
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - strings only
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        raise RateCardError(f"{doing}: {reason}. Give another file with --rates, or write one.") from exc
    except yaml.YAMLError as exc:
        raise RateCardError(f"{doing}: not YAML: {' '.join(str(exc).split())}.") from exc
    if not isinstance(content, dict):
        raise RateCardError(f"{doing}: it has no keys. Write at least: {', '.join(_keys())}.")
    try:
        return RateCard.model_validate(content)
    except ValidationError as exc:
        raise RateCardError("\n".join([f"{doing}: {exc.error_count()} violations:", *_violations(exc)])) from exc


def _keys(*, required: bool = True) -> list[str]:
    fields = RateCard.model_fields.items()
    return [field.alias or name for name, field in fields if field.is_required() or not required]


def _violations(error: ValidationError) -> list[str]:
    lines = []
    for one in error.errors():
        key = ".".join(str(step) for step in one["loc"])
        match one["type"]:
            case "missing":
                told = "it is missing"
            case "extra_forbidden":
                told = f"unknown key; allowed: {', '.join(_keys(required=False))}"
            case "string_pattern_mismatch":
                told = f"'{one['input']}' is not an ISO 4217 code such as EUR"
            case _:
                told = f"'{one['input']}': {_lowered(one['msg'])}"
        lines.append(f"  {key}: {told}")
    return lines


def _lowered(message: str) -> str:
    return re.sub(r"^Input s", "s", message)
