"""Writes `docs/cli.md` from the commands of `mlw`; `python -m tools.docs.mlw_reference` brings it up to date.

A test compares the file with what this makes, so the document always says the same as `mlw COMMAND --help`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from mlw.command import PROGRAM, Command
from mlw.command_table import COMMANDS, program
from mlw.lazy_group import Row

FILE = Path(__file__).parents[2] / "docs" / "cli.md"
WIDTH = 120

_HEAD = """# mlw

Made by `python -m tools.docs.mlw_reference` from the commands; do not edit.

`mlw` is on PATH after `eval "$(make -s env)"`. It works on the state backend and the engine that this sets, or that you
set yourself (`PULUMI_BACKEND_URL`, `PULUMI_CONFIG_PASSPHRASE` or `PULUMI_CONFIG_PASSPHRASE_FILE`, `DOCKER_HOST`). Stack
files are those of the project that contains the working directory. `mlw` alone lists the commands, `--help` (`-h`)
after any command explains it, `mlw --version` prints the version.

Results go to standard output, messages to standard error. An error is one message, never a traceback. Exit codes are
listed for each command; with all commands 2 means a wrong command line and 130 an interruption.

## Output formats

Every command that prints data has `--output` (`-o`) and `--query`.

| Format | Prints |
|---|---|
| `table` | a table or text for people; on a terminal, tables fit its width |
| `json` | JSON |
| `yaml` | YAML |
| `tsv` | one line for each entry, values separated by tabs, no headings; a single value as it is |

`--query` takes a [JMESPath](https://jmespath.org) expression, as in `az`, and prints only what it selects:
`mlw list --query "[?location=='westeurope'].stack" -o tsv`. `--json`, where a command has it, is short for
`--output json`.

## Shell completion

`eval "$(mlw completion bash)"` in `~/.bashrc` (or `zsh` in `~/.zshrc`) completes commands, options and names of stacks;
for fish, `mlw completion fish > ~/.config/fish/completions/mlw.fish`.

## Commands

| Command | What it does |
|---|---|
"""


def render() -> str:
    """The whole document."""
    rows = [f"| [`{PROGRAM} {row.path}`](#{_anchor(row)}) | {row.summary} |\n" for row in COMMANDS]
    return "".join([_HEAD, *rows, *(_section(row) for row in COMMANDS)])


def _section(row: Row) -> str:
    command = row.load()
    if not isinstance(command, Command):
        raise TypeError(f"'{row.path}' is no command of this project, but {command!r}")
    with click.Context(command, info_name=row.path, parent=click.Context(program(), info_name=PROGRAM)) as context:
        usage = context.get_usage().removeprefix("Usage: ")
        parameters = list(_parameters(context))
    codes = [f"| {code} | {meaning} |\n" for code, meaning in command.exit_codes.items()]
    sections = [
        f"\n## {PROGRAM} {row.path}\n\n```\n{' '.join(usage.split())}\n```\n\n{_wrapped(command.help or '')}\n",
        *(["\n", *parameters] if parameters else []),
        "\nExamples:\n\n```sh\n",
        *(f"{example}\n" for example in command.examples),
        "```\n\n| Exit code | Meaning |\n|---|---|\n",
        *codes,
    ]
    return "".join(sections)


def _parameters(context: click.Context) -> Iterator[str]:
    for parameter in context.command.params:
        record = parameter.get_help_record(context)
        if record:
            yield f"- `{record[0]}`: {record[1]}\n"


def _wrapped(text: str) -> str:
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    wrap = textwrap.TextWrapper(width=WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join(wrap.fill(paragraph) for paragraph in paragraphs)


def _anchor(row: Row) -> str:
    return f"{PROGRAM} {row.path}".replace(" ", "-")


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(render(), encoding="utf-8")
