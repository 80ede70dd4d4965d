"""A proposed stack file: checked against all rules, shown, written only when it is wanted."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.clients.state import stack_states
from infra.errors import MlWorkspaceError
from infra.host import atomic_files, folders
from infra.host.project import PROJECT
from infra.rules.violation import Violation
from infra.stack_files.stack_file import StackFileError, parse_stack_file
from infra.stack_files.yaml_document import DocumentError
from mlw.lifecycle.stack_context import Context

_FILE_MODE = 0o666


class ChangedMeanwhileError(MlWorkspaceError):
    """Another program changed the stack file after it was read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What a stack file should become.

    Attributes:
        before: Its present text; None if there is no file.
        after: The proposed text.
        umask: Of the caller, for a new file.
    """

    context: Context
    before: str | None
    after: str
    umask: int

    @property
    def is_change(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    @property
    def shown_name(self) -> str:
        """The file as in messages."""
        return f"stacks/{self.context.stack_file.name}"

    def check(self) -> None:
        """Check it against all rules, the stack's state and the backend's other stacks.

        Raises:
            ConfigurationError: With all violations.
        """
        violations(self.context.stack, self.after, self.context.root / "stacks")

    def difference(self) -> str:
        """What changes, as a unified diff."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(),
            self.after.splitlines(),
            fromfile=self.shown_name,
            tofile="proposed",
            lineterm="",
        )
        return "\n".join(lines)

    @contextmanager
    def in_private_file(self) -> Iterator[Context]:
        """The stack with the proposed text as its configuration, for a preview."""
        home = folders.private_folder(self.context.home)
        with tempfile.TemporaryDirectory(prefix="proposal-", dir=home) as folder:
            path = Path(folder) / self.context.stack_file.name
            atomic_files.write(path, self.after)
            yield replace(self.context, configuration=path)

    def write(self) -> None:
        """Write the file, with the permissions that it has.

        Raises:
            ChangedMeanwhileError: It is not what it was when the change was made.
        """
        path = self.context.stack_file.resolve()
        present = path.read_text(encoding="utf-8") if path.exists() else None
        if present != self.before:
            raise ChangedMeanwhileError(
                f"writing {self.shown_name}: another program changed it meanwhile. Nothing was written. Run the "
                "command again."
            )
        mode = path.stat().st_mode & 0o777 if path.exists() else _FILE_MODE & ~self.umask
        atomic_files.write(path, self.after)
        path.chmod(mode)


def propose(context: Context, after: str, *, umask: int) -> Proposal:
    """Compare a proposed text with the stack's file."""
    path = context.stack_file
    before = path.read_bytes().decode("utf-8") if path.is_file() else None
    return Proposal(context=context, before=before, after=after, umask=umask)


def violations(stack: str, text: str, folder: Path) -> None:
    """Check the text of a stack file.

    Raises:
        ConfigurationError: It breaks rules.
        StackFileError: It is no stack file.
    """
    try:
        file = parse_stack_file(text.encode())
    except DocumentError as exc:
        raise StackFileError(f"checking the stack file of '{stack}': {exc}.") from exc
    from infra import settings  # noqa: PLC0415 - `--help` needs none of it

    settings.load(
        file.values,
        stack=stack,
        deployed=stack_states.deployed(project=PROJECT, except_stack=stack),
        accepted=stack_states.accepted(PROJECT, stack),
        encrypted=file.encrypted,
        folder=folder,
    )


def missing_tags(found: Iterable[Violation]) -> list[str]:
    """Names of the required tags that violations say are missing."""
    names = [
        one.key.rpartition("tags.")[2] for one in found if one.rule.endswith("-require-tags") and one.value is None
    ]
    return list(dict.fromkeys(names))
