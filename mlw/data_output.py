"""`--output` and `--query`: what a command prints, as a table, JSON, YAML or tab-separated values.

A command hands over its data and the text that people see by default. A query (JMESPath) picks from the data, as with
`az`; what it returns is printed in the same formats.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import click

from mlw import value_tables
from mlw.output import to_json


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    TSV = "tsv"


_FORMATS = [str(one) for one in Format]


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What the command line says about the output.

    Attributes:
        format: The format.
        query: A JMESPath expression; empty for all of the data.
    """

    format: Format
    query: str = ""

    @property
    def is_text(self) -> bool:
        """Whether the text for people is printed, not the data."""
        return self.format is Format.TABLE and not self.query

    def print(self, data: object, text: Callable[[], str] | None = None) -> None:
        """Print data.

        Args:
            data: Mappings, lists and scalars, as in JSON.
            text: Makes the text for people; by default a table of the data.
        """
        if self.is_text and text:
            print(text())
            return
        plain = json.loads(json.dumps(data))
        chosen = _search(self.query, plain) if self.query else plain
        if chosen is not None or self.format in {Format.JSON, Format.YAML}:
            print(_WRITERS[self.format](chosen))


def prints_data(
    default: Format, *, has_json_flag: bool = False, text: str = ""
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options `--output` and `--query`; it gets them as the argument `output`.

    Args:
        default: The format without `--output`.
        has_json_flag: Whether `--json` is a short form of `--output json`.
        text: What the help calls the default format, where that is not a table.
    """
    shown = f"One of {', '.join(_FORMATS)}; the default is {text or default}."

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def call(*, output_format: str | None, query: str | None, json_flag: bool = False, **values: Any) -> int:  # noqa: ANN401 - any command's, from Click
            if json_flag and output_format:
                raise click.UsageError("--json and --output exclude each other.", click.get_current_context())
            chosen = Format.JSON if json_flag else Format(output_format or default)
            return function(output=Output(format=chosen, query=query or ""), **values)

        options = [
            click.option("--query", metavar="JMESPATH", callback=_checked, help="Print only what this selects."),
            click.option("--output", "-o", "output_format", metavar="FORMAT", type=click.Choice(_FORMATS), help=shown),
        ]
        if has_json_flag:
            options.append(click.option("--json", "json_flag", is_flag=True, help="Short for --output json."))
        return functools.reduce(lambda decorated, option: option(decorated), options, call)

    return decorate


def _checked(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    import jmespath  # noqa: PLC0415 - only with a query

    try:
        jmespath.compile(value)
    except jmespath.exceptions.JMESPathError as exc:
        raise click.BadParameter(_one_line(exc), ctx, parameter) from exc
    return value


def _search(query: str, data: object) -> object:
    import jmespath  # noqa: PLC0415 - only with a query

    try:
        return jmespath.search(query, data)
    except jmespath.exceptions.JMESPathError as exc:
        raise click.BadParameter(_one_line(exc), click.get_current_context(), param_hint="'--query'") from exc


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _to_yaml(data: object) -> str:
    import yaml  # noqa: PLC0415 - only for this format

    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True)).removesuffix("\n...\n").rstrip("\n")


_WRITERS: Mapping[Format, Callable[[object], str]] = {
    Format.TABLE: value_tables.to_table,
    Format.JSON: to_json,
    Format.YAML: _to_yaml,
    Format.TSV: value_tables.to_tsv,
}
