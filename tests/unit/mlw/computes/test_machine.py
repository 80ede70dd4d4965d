"""The engine's machine, as the engine describes it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.clients.engine import engine_queries
from mlw.computes.machine import Machine, engines_machine


def test_jobs_may_use_all_cpus_and_three_quarters_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connect() -> Iterator[engine_queries.Query]:
        yield {"/info": {"NCPU": 4, "MemTotal": 8 << 30}}.__getitem__

    monkeypatch.setattr(engine_queries, "connect", connect)

    assert engines_machine() == Machine(cpus=4, memory_mib=6 * 1024)
