"""The command of a job: bindings replaced by values and paths.

`${{inputs.x}}` and `${{outputs.x}}` are replaced; `$[[...]]` is kept without its brackets if all inputs in it have
values, otherwise it is left out, as Azure does with optional inputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from infra.errors import MlWorkspaceError
from infra.host.near_names import suggestion

_BINDING = re.compile(r"\$\{\{\s*(?:(inputs|outputs)\.)([\w.-]+?)(?:\.path)?\s*\}\}")
_ANY_BINDING = re.compile(r"\$\{\{.*?\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)


class CommandTextError(MlWorkspaceError):
    """A command names an input or output that the job does not have."""


def resolve(command: str, inputs: Mapping[str, str | None], outputs: Mapping[str, str], *, job: str) -> str:
    """Replace the bindings of a command.

    Args:
        command: As in the file.
        inputs: Value or path of each input; None for an optional one without a value.
        outputs: Path of each output.
        job: Name of the job, for an error.

    Raises:
        CommandTextError: There is no such input or output, or it has no value.
    """
    values: dict[tuple[str, str], str | None] = {("inputs", name): value for name, value in inputs.items()}
    values |= {("outputs", name): path for name, path in outputs.items()}

    def optional(match: re.Match[str]) -> str:
        found = [_find(values, binding, job) for binding in _BINDING.finditer(match[1])]
        return "" if None in found else match[1]

    def value(match: re.Match[str]) -> str:
        found = _find(values, match, job)
        if found is None:
            raise CommandTextError(
                f"reading the command of job '{job}': input '{match[2]}' is optional and has no value. Write "
                f"`$[[... {match[0]}]]` around what needs it, or give it a value."
            )
        return found

    text = _BINDING.sub(value, _OPTIONAL.sub(optional, command))
    for left in _ANY_BINDING.finditer(command):
        if not _BINDING.fullmatch(left[0]):
            raise CommandTextError(
                f"reading the command of job '{job}': '{left[0]}' is not a binding of a command job; allowed: "
                "${{inputs.NAME}}, ${{outputs.NAME}}."
            )
    return text


def _find(values: Mapping[tuple[str, str], str | None], match: re.Match[str], job: str) -> str | None:
    key = (match[1], match[2])
    if key not in values:
        known = [name for group, name in values if group == match[1]]
        raise CommandTextError(
            f"reading the command of job '{job}': '{match[0]}': the job has no such "
            f"{match[1].removesuffix('s')}.{suggestion(match[2], known)} "
            f"{match[1].capitalize()}: {', '.join(sorted(known)) or 'none'}."
        )
    return values[key]
