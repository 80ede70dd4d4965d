"""The user's script: init(), run(mini_batch) and, if it has one, shutdown()."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlw.job_programs.parallel_run import mlflow_scoring
from mlw.job_programs.parallel_run.mini_batches import MiniBatch
from mlw.job_programs.program_errors import ProgramMistakeError


@dataclass(frozen=True)
class MiniBatchContext:
    """What run() gets as its second argument, if it has one; Azure's names.

    Attributes:
        minibatch_index: As text, counted from 0.
        partition_key_value: Values of the partition keys; None without any.
    """

    minibatch_index: str
    partition_key_value: Any = None


@dataclass(frozen=True)
class EntryScript:
    """The functions of the script."""

    init: Callable[[], object]
    run: Callable[..., object]
    shutdown: Callable[[], object]

    def results_of(self, batch: MiniBatch) -> list[str]:
        """Call run() and return the lines of what it returns.

        Raises:
            TypeError: It returns something else than a list or a data frame.
        """
        context = MiniBatchContext(str(batch.index), dict(batch.keys) or None)
        found = self.run(batch.content, context) if _takes_two(self.run) else self.run(batch.content)
        return lines_of(found)


def load(path: str, arguments: Sequence[str]) -> EntryScript:
    """Import the script, with its arguments in `sys.argv`; without one, a model of MLflow scores the files.

    Raises:
        ProgramMistakeError: It does not exist, or has no run().
    """
    if not path:
        return EntryScript(init=mlflow_scoring.init, run=mlflow_scoring.run, shutdown=_nothing)
    file = Path(path)
    if not file.is_file():
        raise ProgramMistakeError(
            f"loading the entry script: `task.code` has no file '{path}'. Correct `task.entry_script`, or `task.code`."
        )
    sys.argv = [path, *arguments]
    for folder in (str(file.parent.resolve()), str(Path.cwd())):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ProgramMistakeError(f"loading the entry script: '{path}' is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, "run", None)):
        raise ProgramMistakeError(f"loading the entry script: '{path}' has no function run(mini_batch).")
    return EntryScript(
        init=getattr(module, "init", _nothing), run=module.run, shutdown=getattr(module, "shutdown", _nothing)
    )


def _nothing() -> None:
    return None


def lines_of(found: object) -> list[str]:
    """Lines of what run() returned: of a data frame its values with a space between them, as Azure has it.

    Raises:
        TypeError: It is neither a list nor a data frame.
    """
    if hasattr(found, "to_csv"):
        return str(found.to_csv(sep=" ", header=False, index=False)).splitlines()
    if isinstance(found, (list, tuple)) or type(found).__name__ == "ndarray":
        return [str(one) for one in found]  # type: ignore[attr-defined]
    raise TypeError(f"run() returned {type(found).__name__}; it has to return a list or a data frame")


def _takes_two(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    return True
