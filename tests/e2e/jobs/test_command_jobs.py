"""Command jobs on the real engine: what they get, what is kept, how they end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.object_store import admin_client, s3_client
from tests.support.processes import Finished, run
from tests.support.running_jobs import Jobs, document_of
from tests.support.stacks import LiveStack


@pytest.fixture
def jobs(jobs_stack: LiveStack, tmp_path: Path) -> Iterator[Jobs]:
    found = Jobs(stack=jobs_stack.stack, folder=tmp_path)
    yield found
    assert found.left() == []


def test_a_job_runs_its_code_with_its_inputs_and_keeps_what_it_wrote(
    jobs: Jobs, jobs_stack: LiveStack, project: Path
) -> None:
    (project / "src" / "run.sh").write_text(
        'echo "depth $1 of $AZUREML_RUN_ID"; cat "$2"/sub/*.csv; echo model > "$3"; echo m > outputs/metrics.txt\n',
        encoding="utf-8",
    )

    jobs.submit(
        "whole-job",
        "bash run.sh ${{inputs.depth}} ${{inputs.table}} ${{outputs.model}} && touch ${{inputs.table}}/x",
        code=str(project / "src"),
        inputs={"depth": 5, "table": {"type": "uri_folder", "path": str(project / "my data")}},
        outputs={"model": {"type": "uri_file", "name": "whole-model"}},
        environment_variables={"COLOUR": "red"},
        tags={"stage": "test"},
    )
    streamed = jobs.mlw("stream", "whole-job")
    shown = jobs.show("whole-job")

    assert streamed.exit_code == 1, "an input is read-only"
    assert "depth 5 of whole-job\n1,2\n" in streamed.stdout
    assert (shown["status"], shown["exit_code"]) == ("Failed", 1)
    assert "exited with code 1" in shown["error"]
    assert shown["outputs"]["model"]["asset"] == "whole-model:1"
    s3 = s3_client(jobs_stack.outputs)
    stored = {
        name: s3.get_object(Bucket="azureml", Key=f"ExperimentRun/dcid.whole-job/{name}")["Body"].read().decode()
        for name in ("outputs/metrics.txt", "user_logs/std_log.txt")
    }
    assert stored["outputs/metrics.txt"] == "m\n"
    assert "depth 5 of whole-job\n1,2\n" in stored["user_logs/std_log.txt"]
    downloaded = jobs.mlw("download", "whole-job", "--all", "-p", str(project / "here")).check()
    assert "Downloaded: 3 files" in downloaded.stdout
    assert (project / "here/whole-job/named-outputs/model/model").read_text() == "model\n"


def test_a_running_job_has_few_rights_and_ends_in_order_when_it_is_canceled(
    jobs: Jobs, jobs_stack: LiveStack, mlw: Mlw
) -> None:
    jobs.submit("canceled-job", "trap 'echo ended in order > outputs/end.txt; exit 0' TERM; echo up; sleep 60 & wait")
    jobs.wait_for("canceled-job", "Running")
    details = jobs.containers()[0].attrs
    host = details["HostConfig"]
    definition = json.dumps(details)

    mlw("job", "cancel", "canceled-job", principal="data-scientist").check()
    shown = jobs.finish("canceled-job")

    assert [host["CapDrop"], host["SecurityOpt"], host["PidsLimit"]] == [["ALL"], ["no-new-privileges:true"], 4096]
    assert [mount["Type"] for mount in details["Mounts"]] == ["volume"]
    assert not host["PortBindings"]
    assert host["Memory"] == 3584 << 20
    assert [secret for secret in jobs_stack.secrets if secret in definition] == []
    assert "SECRET" not in definition
    assert (shown["status"], shown["error"]) == ("Canceled", "canceled by a request")
    content = s3_client(jobs_stack.outputs).get_object(
        Bucket="azureml", Key="ExperimentRun/dcid.canceled-job/outputs/end.txt"
    )
    assert content["Body"].read() == b"ended in order\n"


def test_jobs_end_for_reasons_that_are_told(jobs: Jobs) -> None:
    jobs.submit("late", "sleep 60", limits={"timeout": 1})
    jobs.submit("large", "head -c 5000000000 /dev/zero | tail -n 1 > /dev/null")
    jobs.submit("full", "head -c 80000000 /dev/zero > /dev/shm/x")

    ended = {name: jobs.finish(name) for name in ("late", "large", "full")}

    assert {name: one["status"] for name, one in ended.items()} == {
        "late": "Canceled", "large": "Failed", "full": "Failed"
    }  # fmt: skip
    assert "`limits.timeout`, 1 s" in ended["late"]["error"]
    assert "out of memory" in ended["large"]["error"]
    assert "3584 MiB" in ended["large"]["error"]
    assert "disk full" in ended["full"]["error"]


def test_a_log_without_end_is_streamed_and_limited(jobs: Jobs) -> None:
    jobs.submit("talkative", "yes 0123456789012345678901234567890123456789 | head -c 200000000; echo the last line")

    streamed = jobs.mlw("stream", "talkative")

    assert streamed.exit_code == 0
    lengths = len(streamed.stdout) >> 20, len(streamed.stdout) < 18 << 20
    assert lengths == (16, True)
    assert streamed.stdout[-200:].endswith("the last line\n")
    assert streamed.stdout.count("mlw: the log is longer than what is stored") == 2


def test_mlflow_needs_no_set_up_and_a_run_has_the_facts_of_its_job(
    jobs: Jobs, jobs_stack: LiveStack, project: Path
) -> None:
    (project / "src" / "log.py").write_text(LOGS_A_METRIC, encoding="utf-8")
    jobs.submit("measured", "python3.11 log.py", code=str(project / "src"), tags={"stage": "test"}, display_name="M")

    shown = jobs.finish("measured")
    tracked = data_of(_mlw_run(jobs_stack, shown["run_id"]))

    assert shown["status"] == "Completed", shown["error"]
    assert (tracked["status"], tracked["metrics"], tracked["displayName"]) == ("FINISHED", {"accuracy": 0.9}, "M")
    assert tracked["tags"]["stage"] == "test"
    assert len(tracked["tags"]["ContentSnapshotId"]) == 64


def _mlw_run(jobs_stack: LiveStack, run_id: str) -> Finished:
    environment = jobs_stack.stack.environment
    command = ["mlw", "run", "show", jobs_stack.stack.name, run_id, "-o", "json"]
    return run(command, cwd=environment.project, env=environment.variables)


LOGS_A_METRIC = """
import base64, json, os, time, urllib.request
login = base64.b64encode(f"{os.environ['MLFLOW_TRACKING_USERNAME']}:{os.environ['MLFLOW_TRACKING_PASSWORD']}".encode())
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "accuracy", "value": 0.9, "timestamp": int(time.time() * 1000)}
request = urllib.request.Request(
    os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
    json.dumps(body).encode(),
    {"Content-Type": "application/json", "Authorization": "Basic " + login.decode()},
)
urllib.request.urlopen(request).close()
"""


def test_roles_decide_who_can_submit(jobs: Jobs, mlw: Mlw, tmp_path: Path) -> None:
    file = tmp_path / "job.yml"
    file.write_text('command: "true"\nenvironment: {image: "python:3.11"}\ncompute: cpu-cluster\n', encoding="utf-8")

    refused = mlw("job", "create", "-f", str(file), "--name", "by-reader", principal="reader")
    mlw("job", "create", "-f", str(file), "--name", "by-scientist", principal="data-scientist").check()

    assert refused.exit_code == 1
    assert "Traceback" not in refused.output
    assert jobs.finish("by-scientist")["creation_context"]["created_by"] == "data-scientist"


def test_the_operations_on_jobs_are_enough_to_submit_and_cancel_them(jobs: Jobs, mlw: Mlw, tmp_path: Path) -> None:
    file = tmp_path / "job.yml"
    file.write_text(yaml.safe_dump(document_of("sleep 60")), encoding="utf-8")

    def attempt(verb: str, *words: str, principal: str = "submitter") -> Finished:
        return mlw("job", verb, *words, principal=principal)

    attempt("create", "-f", str(file), "--name", "submitted").check()
    by_reader = attempt("cancel", "submitted", principal="reader")
    listed = data_of(attempt("list", "-o", "json"))
    shown = data_of(attempt("show", "submitted", "-o", "json"))
    attempt("cancel", "submitted").check()
    with_code = attempt("create", "-f", str(file), "--set", f"code={tmp_path}")

    assert "submitted" in [one["name"] for one in listed]
    assert shown["creation_context"]["created_by"] == "submitter"
    assert jobs.finish("submitted")["status"] == "Canceled"
    assert (
        by_reader.exit_code,
        "does not include Microsoft.MachineLearningServices/workspaces/jobs/write" in by_reader.stderr,
    ) == (1, True)
    assert (with_code.exit_code, "no rights to write blobs of the default datastore" in with_code.stderr) == (1, True)


KEPT_AWAY = "workspacefilestore"


@pytest.fixture
def kept_away(jobs_stack: LiveStack, tmp_path: Path) -> Iterator[str]:
    """A datastore on which the principal of the compute has no rights; yields its container."""
    container = str(next(one["container"] for one in jobs_stack.outputs["datastores"] if one["name"] == KEPT_AWAY))
    admin, policy, file = admin_client(jobs_stack.outputs), "principal-compute-cpu-cluster", tmp_path / "policy.json"
    before = json.loads(admin.policy_info(policy))
    denied = {"Effect": "Deny", "Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{container}/*"]}
    try:
        file.write_text(json.dumps({**before, "Statement": [*before["Statement"], denied]}))
        admin.policy_add(policy, str(file))
        yield container
    finally:
        file.write_text(json.dumps(before))
        admin.policy_add(policy, str(file))


def test_a_job_reads_and_writes_with_the_rights_of_its_compute_not_those_of_the_stack(
    jobs: Jobs, jobs_stack: LiveStack, kept_away: str
) -> None:
    s3_client(jobs_stack.outputs).put_object(Bucket=kept_away, Key="kept/away.csv", Body=b"1")
    path = f"azureml://datastores/{KEPT_AWAY}/paths/kept"
    jobs.submit("reads", "cat ${{inputs.x}}", inputs={"x": {"type": "uri_file", "path": f"{path}/away.csv"}})
    jobs.submit("writes", "echo 1 > ${{outputs.y}}", outputs={"y": {"type": "uri_file", "path": f"{path}/made.csv"}})

    ended = {name: jobs.finish(name) for name in ("reads", "writes")}

    who = "does not allow it to 'compute-cpu-cluster', the principal of compute 'cpu-cluster'"
    assert {name: (one["status"], who in one["error"]) for name, one in ended.items()} == {
        "reads": ("Failed", True), "writes": ("Failed", True)
    }  # fmt: skip
    assert "reading input 'kept/away.csv'" in ended["reads"]["error"]
    assert "storing output 'kept/made.csv'" in ended["writes"]["error"]
