"""CPU time and memory as `docker stats` shows them, on both versions of control groups."""

import pytest

from infra.clients.engine.container_usage import Usage, parse, used_memory

CPU = {"cpu_usage": {"total_usage": 500}, "system_cpu_usage": 10_000, "online_cpus": 2}


@pytest.mark.parametrize("cache", ["inactive_file", "total_inactive_file"], ids=["version 2", "version 1"])
def test_memory_is_without_caches(cache: str) -> None:
    found = parse({"memory_stats": {"usage": 900, "limit": 4000, "stats": {cache: 300}}, "cpu_stats": CPU})

    assert found == Usage(memory=600, limit=4000, cpu=500, machine=10_000, cpus=2)


def test_a_container_that_does_not_run_uses_nothing() -> None:
    assert parse({"memory_stats": {}, "cpu_stats": {}}) is None


def test_cpu_is_in_percent_of_one_cpu() -> None:
    before = Usage(memory=0, limit=0, cpu=100, machine=1000, cpus=2)

    assert Usage(memory=0, limit=0, cpu=200, machine=1400, cpus=2).percent_since(before) == 50.0


@pytest.mark.parametrize(
    "before",
    [
        None,
        Usage(memory=0, limit=0, cpu=300, machine=1000, cpus=2),
        Usage(memory=0, limit=0, cpu=1, machine=1400, cpus=2),
    ],
    ids=["first look", "restarted meanwhile", "no time passed"],
)
def test_cpu_is_not_known_without_an_earlier_look(before: Usage | None) -> None:
    assert Usage(memory=0, limit=0, cpu=200, machine=1400, cpus=2).percent_since(before) is None


def test_memory_is_counted_as_docker_stats_does() -> None:
    assert used_memory({"usage": 100, "stats": {"inactive_file": 30}}) == 70
    assert used_memory({"usage": 100, "stats": {"total_inactive_file": 40, "inactive_file": 30}}) == 60
    assert used_memory({}) == 0
