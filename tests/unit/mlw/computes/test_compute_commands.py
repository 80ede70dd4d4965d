"""`mlw compute`: the stack file is edited and applied; rights of principals; what is refused changes nothing."""

import json
from pathlib import Path

import pytest

from infra.clients.service_connection import ServiceConnection
from mlw.computes import compute_jobs, workspace_computes
from mlw.computes.machine import Machine
from mlw.jobs.job_records import JobRecords
from mlw.jobs.queue_entries import QueueEntry
from mlw.main import main
from tests.unit.mlw.provisioning.conftest import Runs
from tests.unit.states import VALID, Place, a_workspace, the_outputs

BEFORE = f"""# mine
{VALID}  ml-workspace:tracking: {{}}
  ml-workspace:roleAssignments: [{{principal: dora, role: DataScientist}}, {{principal: ops, role: ComputeOperator}}]
  ml-workspace:computes:
    - {{name: cpu, type: AmlCompute}} # the first
    - name: Spot
      type: AmlCompute
      vmPriority: LowPriority # cheap
"""
LOCAL = {"id": "x", "name": "local", "type": "local", "principal": "compute-local"}
CPU = {
    "id": "x", "name": "CPU", "type": "AmlCompute", "vmSize": "STANDARD_DS3_V2", "vmPriority": "Dedicated",
    "minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT120S", "description": "", "tags": {},
    "principal": "compute-cpu",
}  # fmt: skip

CONNECTION = ServiceConnection(endpoint="http://x", credentials={"accessKey": "x", "secretKey": "x"})


@pytest.fixture
def file(place: Place) -> Path:
    return place.configure("churn", BEFORE)


@pytest.fixture
def deployed(place: Place, file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place.deploy("churn", a_workspace("churn", outputs=the_outputs("churn", computes=[LOCAL, CPU])))
    monkeypatch.setattr(workspace_computes, "engines_machine", lambda: Machine(cpus=2, memory_mib=64 * 1024))
    return file


def run(*arguments: str) -> int:
    return main(["compute", *arguments])


class TestCreate:
    def test_a_compute_is_added_and_applied(self, file: Path, runs: Runs) -> None:
        assert run("create", "churn", "-n", "big", "--type", "amlcompute", "--size", "STANDARD_D4_V3") == 0

        entry = "{name: big, type: AmlCompute, vmSize: STANDARD_D4_V3}"
        assert file.read_text() == BEFORE.replace("# cheap\n", f"# cheap\n    - {entry}\n")
        assert runs.done == ["up"]

    def test_a_compute_with_the_name_is_replaced(self, file: Path, runs: Runs) -> None:
        assert run("create", "churn", "--name", "Spot", "--type", "AmlCompute", "--max-instances", "2") == 0

        assert "LowPriority" not in file.read_text()
        assert "maxNodeCount: 2" in file.read_text()
        assert (file.read_text().count("name: Spot"), runs.done) == (1, ["up"])

    def test_options_take_precedence_over_azures_file(
        self, file: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asked = []

        def load(kind: str, path: Path, changes: object = (), name: str | None = None) -> dict[str, object]:
            asked.append((kind, str(path), name))
            return {"name": name, "type": "amlcompute", "max_instances": 2, "min_instances": 1, "location": "westus"}

        monkeypatch.setattr("mlw.azure_files.loading.load", load)
        assert run("create", "churn", "-f", "x.yml", "-n", "big", "--max-instances", "5") == 0

        entry = "{name: big, type: AmlCompute, minNodeCount: 1, maxNodeCount: 5}"
        assert file.read_text().endswith(f"    - {entry}\n")
        assert asked == [("compute", "x.yml", "big")]
        assert "'location' has no effect: everything runs on this machine." in capsys.readouterr().err
        assert runs.done == ["up"]

    def test_the_first_compute_brings_the_tracking_server_that_jobs_need(self, place: Place, runs: Runs) -> None:
        file = place.configure("churn", VALID)

        assert run("create", "churn", "--name", "cpu", "--type", "AmlCompute") == 0

        assert file.read_text().startswith(VALID)
        assert "ml-workspace:tracking: {}" in file.read_text()
        assert runs.done == ["up"]

    @pytest.mark.parametrize(("action", "is_valid"), [("stop", True), ("pause", False)], ids=["valid", "wrong"])
    def test_schedules_of_an_instance_are_in_the_stack_file(
        self, file: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, action: str, *, is_valid: bool
    ) -> None:
        monkeypatch.setattr("mlw.schedules.instance_schedules.follow_and_tell", lambda *_: runs.done.append("follow"))
        entry = {"action": action, "trigger": {"type": "cron", "expression": "0 18 * * *"}}
        document = {"name": "ci-dora", "type": "computeinstance", "create_on_behalf_of": {"user_object_id": "dora"}}
        given = {**document, "schedules": {"compute_start_stop": [entry]}}
        monkeypatch.setattr("mlw.azure_files.loading.load", lambda *_, **__: given)

        assert run("create", "churn", "-f", "x.yml") == (0 if is_valid else 1)

        assert ("computeStartStop" in file.read_text()) is is_valid
        assert runs.done == (["up", "follow"] if is_valid else [])

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["-n", "gpu-cluster", "-t", "AmlCompute", "--size", "STANDARD_NC6"], "it has a GPU, and jobs get none"),
            (["-n", "ci-x", "-t", "ComputeInstance"], "only its user can log in to a compute instance"),
            (["-n", "cpu2"], "ml-workspace:computes[2].type: missing"),
            (["-n", "local", "-t", "AmlCompute"], "every workspace with computes has a compute with this name"),
        ],
        ids=["gpu", "instance", "no type", "local"],
    )
    def test_what_breaks_a_rule_changes_nothing(
        self,
        file: Path,
        runs: Runs,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        words: str,
    ) -> None:
        assert run("create", "churn", *arguments) == 1

        assert words in capsys.readouterr().err
        assert (file.read_text(), runs.done) == (BEFORE, [])


class TestUpdate:
    def test_only_what_is_given_changes(self, file: Path, runs: Runs) -> None:
        assert run("update", "churn", "--name", "spot", "--tier", "dedicated", "--max-instances", "3") == 0

        assert file.read_text() == BEFORE.replace("LowPriority # cheap\n", "Dedicated # cheap\n      maxNodeCount: 3\n")
        assert runs.done == ["up"]

    @pytest.mark.parametrize(
        ("name", "words"),
        [("cpus", "no such compute in stack 'churn'. Did you mean 'cpu'?"), ("local", "it has no settings")],
    )
    def test_a_compute_that_is_not_in_the_file_is_refused(
        self,
        file: Path,
        runs: Runs,
        capsys: pytest.CaptureFixture[str],
        name: str,
        words: str,
    ) -> None:
        assert run("update", "churn", "--name", name, "--max-instances", "3") == 1

        assert words in capsys.readouterr().err
        assert (file.read_text(), runs.done) == (BEFORE, [])


class TestDelete:
    def test_it_asks_and_removes_the_entry_alone(self, file: Path, terminal: Runs) -> None:
        terminal.replies = ["y"]

        assert run("delete", "churn", "--name", "CPU") == 0

        assert file.read_text() == BEFORE.replace("    - {name: cpu, type: AmlCompute} # the first\n", "")
        assert terminal.done == ["up"]

    @pytest.mark.parametrize("replies", [["n"], []], ids=["no", "nothing"])
    def test_without_an_agreement_nothing_changes(self, file: Path, terminal: Runs, replies: list[str]) -> None:
        terminal.replies = replies

        assert run("delete", "churn", "--name", "cpu") == 1

        assert (file.read_text(), terminal.done) == (BEFORE, [])

    def test_without_a_terminal_it_needs_yes(self, file: Path, runs: Runs) -> None:
        assert run("delete", "churn", "--name", "cpu") == 1
        assert run("delete", "churn", "--name", "cpu", "--yes") == 0

        assert ("name: cpu" in file.read_text(), runs.done) == (False, ["up"])

    def test_a_compute_with_jobs_that_have_not_ended_is_kept(
        self, deployed: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        queue = [
            QueueEntry(rank=1, submitted=n, job=f"job-{n}", compute=name) for n, name in enumerate(["Spot", "cpu"])
        ]
        monkeypatch.setattr(compute_jobs, "storage_connection", lambda *_: CONNECTION)
        monkeypatch.setattr(JobRecords, "queue", lambda _: queue)

        assert run("delete", "churn", "--name", "CPU", "--yes") == 1

        assert "not all of its jobs have ended: job-1. Wait for them, or cancel them: `mlw job cancel churn job-1`" in (
            capsys.readouterr().err
        )
        assert (deployed.read_text(), runs.done) == (BEFORE, [])


class TestRights:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["create", "churn", "--name", "big", "--type", "AmlCompute"],
            ["update", "churn", "--name", "cpu", "--max-instances", "3"],
            ["delete", "churn", "--name", "cpu", "--yes"],
        ],
        ids=["create", "update", "delete"],
    )
    def test_a_role_without_the_operation_is_refused(
        self,
        file: Path,
        runs: Runs,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
    ) -> None:
        assert run(*arguments, "--principal", "dora") == 1

        operation = "delete" if arguments[0] == "delete" else "write"
        assert f"does not include 'Microsoft.MachineLearningServices/workspaces/computes/{operation}'" in (
            capsys.readouterr().err
        )
        assert (file.read_text(), runs.done) == (BEFORE, [])

    def test_a_role_with_the_operation_is_accepted(self, file: Path, runs: Runs) -> None:
        assert run("update", "churn", "--name", "cpu", "--max-instances", "3", "--principal", "ops") == 0

        assert ("maxNodeCount: 3" in file.read_text(), runs.done) == (True, ["up"])

    def test_a_principal_that_does_not_exist_is_refused(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("list", "churn", "--principal", "dara") == 1

        assert "no such principal in stack 'churn'. Did you mean 'dora'? Principals: compute-cpu, compute-local" in (
            capsys.readouterr().err
        )
        assert file.read_text() == BEFORE


@pytest.mark.usefixtures("deployed")
class TestReports:
    def test_computes_are_listed_with_the_limits_of_a_job(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("list", "churn", "--principal", "dora") == 0

        printed = capsys.readouterr()
        assert [line.split() for line in printed.out.splitlines()[1:]] == [
            ["local", "local", "-", "-", "-", "2", "64.0", "GiB", "compute-local"],
            ["CPU", "amlcompute", "STANDARD_DS3_V2", "dedicated", "4", "2", "14.0", "GiB", "compute-cpu"],
        ]
        assert "A job on compute 'CPU' gets 2 CPUs instead of 4" in printed.err

    def test_one_type_is_listed_in_any_case(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("list", "churn", "--type", "AmlCompute", "-o", "json") == 0

        assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["CPU"]

    def test_a_compute_is_shown_in_any_case(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("show", "churn", "--name", "cpu", "--query", "[size, max_instances]", "-o", "json") == 0

        assert json.loads(capsys.readouterr().out) == ["STANDARD_DS3_V2", 4]

    def test_an_unknown_compute_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("show", "churn", "--name", "x") == 1

        assert "no such compute in stack 'churn'. Computes: local, CPU." in capsys.readouterr().err


def test_sizes_are_listed_without_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list-sizes", "--query", "[?name=='STANDARD_DS11_V2']", "-o", "json") == 0

    assert json.loads(capsys.readouterr().out) == [{"name": "STANDARD_DS11_V2", "v_cpus": 2, "memory_gb": 14}]
