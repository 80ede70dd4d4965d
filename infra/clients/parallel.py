"""Requests to a service in parallel, as part of the same trace."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import copy_context
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def submit(
    pool: Executor, action: Callable[_Parameters, _Result], *args: _Parameters.args, **options: _Parameters.kwargs
) -> Future[_Result]:
    """Run an action in a pool, in the context of the caller: a thread of its own would start without the trace."""
    context = copy_context()
    return pool.submit(lambda: context.run(action, *args, **options))
