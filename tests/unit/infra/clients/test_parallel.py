"""Work in a pool belongs to the trace of whoever submitted it."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

from infra.clients.parallel import submit

CURRENT = ContextVar[str]("current")


def quoted(prefix: str, *, end: str) -> str:
    return f"{prefix}{CURRENT.get()}{end}"


def test_the_context_of_the_caller_is_passed_on() -> None:
    CURRENT.set("span")

    with ThreadPoolExecutor(1) as pool:
        assert submit(pool, quoted, "<", end=">").result() == "<span>"


def test_failures_are_those_of_the_work() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert isinstance(submit(pool, int, "x").exception(), ValueError)
