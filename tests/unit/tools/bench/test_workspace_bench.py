"""The benchmark's arithmetic, and the recipe of a container for plain docker."""

from typing import Any

from tools.bench import plain_docker, rules_bench, workspace_bench
from tools.bench.workspace_bench import Samples

DETAILS: dict[str, Any] = {
    "Name": "/st",
    "Image": "sha256:abc",
    "Config": {"Env": ["A=1"], "User": "1000:1000", "Entrypoint": ["/usr/bin/minio"], "Cmd": ["server", "/data"]},
    "HostConfig": {
        "PortBindings": {"9000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20417"}]},
        "Tmpfs": {"/tmp": "rw,noexec"},
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": True,
        "Memory": 1024,
    },
    "Mounts": [{"Name": "st-data", "Destination": "/data"}, {"Type": "tmpfs", "Destination": "/tmp"}],
}


def test_a_container_is_recreated_under_another_name_with_the_same_hardening() -> None:
    assert plain_docker.create_arguments(DETAILS, prefix="p-") == [
        "--name=p-st",
        "--network=p-net",
        "--volume=p-st-data:/data",
        "--publish=127.0.0.1:20417:9000",
        "--env=A=1",
        "--tmpfs=/tmp:rw,noexec",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges:true",
        "--read-only",
        "--user=1000:1000",
        "--memory=1024",
        "--entrypoint=/usr/bin/minio",
        "sha256:abc",
        "server",
        "/data",
    ]


def test_medians_ratios_and_targets_are_in_one_row() -> None:
    samples = Samples()
    for seconds in (9.0, 6.0, 7.0):
        samples.add("up", seconds)
    samples.add_plain("up", 2.0)
    samples.add("noop", 4.0)
    up, noop = samples.rows()
    assert (up["median"], up["plain_docker"], up["ratio"], up["met"]) == (7.0, 2.0, 3.5, True)
    assert (noop["median"], noop["plain_docker"], noop["ratio"], noop["met"]) == (4.0, None, None, False)


def test_the_table_shows_a_missed_target() -> None:
    samples = Samples()
    samples.add("noop", 4.0)
    line = workspace_bench.as_table(samples.rows()).splitlines()[-1]
    assert line.split() == ["up", "without", "changes", "4.0", "s", "-", "-", "3", "s", "missed"]


def test_another_workload_changes_nothing_else_of_the_stack_file() -> None:
    text = "# workload: x\nconfig:\n  ml-workspace:workload: churn # c\n  ml-workspace:tags:\n    workload: churn\n"
    assert workspace_bench.with_workload(text, "bench01") == text.replace(
        "ml-workspace:workload: churn # c", "ml-workspace:workload: bench01"
    )


def test_fractions_of_a_second_and_their_targets_are_shown() -> None:
    samples = Samples()
    samples.add("rules", 0.12)
    line = workspace_bench.as_table(samples.rows()).splitlines()[-1]
    assert line.split() == ["check", "of", "a", "large", "stack", "0.12", "s", "-", "-", "0.3", "s", "met"]


def test_the_large_stack_is_valid_and_as_large_as_it_may_be() -> None:
    checked = rules_bench.check(rules_bench.large_stack())
    tags = [len(resource.tags) for resource in (checked.resource_group, checked.storage_account, checked.workspace)]
    assert tags == [50, 50, 50]
    assert [len(datastore.tags) for datastore in checked.datastores] == [50] * 100
    assert rules_bench.check_seconds() > 0


def test_phases_of_runs_are_medians_and_add_up_to_the_measure() -> None:
    samples = Samples()
    for start in (1.0, 3.0, 2.0):
        samples.add_phases("up", {"start": start, "volumes": 0.5, "containers": 1, "services": 1, "end": 0.25})
    assert samples.workspace["up"] == [3.75, 5.75, 4.75]
    lines = workspace_bench.phases_table(samples.phases).splitlines()
    assert lines[0].split() == ["phase", "up", "to", "ready"]
    assert lines[1].endswith(" 2.00 s")
