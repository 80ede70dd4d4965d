"""A compute instance starts, stops and is deleted: when it is asked to, when it is idle, and at its times."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from docker import DockerClient

from infra.clients.engine import docker_engine
from tests.support.engine import run_in
from tests.support.instances import FILE, NAME, USER, MlwCompute, ask, contents, user
from tests.support.object_store import s3_client
from tests.support.probes import probe_until
from tests.support.processes import Finished
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged

IDLE_MIB, START_SECONDS, STOP_SECONDS = 80, 8.0, 60.0
BUSY = 3
"""How much longer a start may take next to other tests; alone it takes three seconds."""
SCHEDULED = """
$schema: https://azuremlschemas.azureedge.net/latest/computeInstance.schema.json
name: ci-bea
type: computeinstance
schedules:
  compute_start_stop:
    - action: stop
      trigger: {type: cron, expression: "0 18 * * *", time_zone: W. Europe Standard Time}
"""
YEARLY = {"action": "Start", "triggerType": "Cron", "cron": {"expression": "0 0 1 1 *"}}


def test_a_stopped_instance_keeps_its_files_and_stays_stopped(
    running: LiveStack, mlw: MlwCompute, engine: DockerClient, container: str
) -> None:
    run_in(engine, container, "echo kept > /home/azureuser/kept.txt")
    mlw("stop", "--name", NAME, "--principal", USER).check()

    assert_unchanged(running.stack.up())
    assert_unchanged(running.stack.refresh())
    assert running.stack.lifecycle("up").check()
    assert engine.containers.get(container).status == "exited"
    assert json.loads(mlw("show", "--name", NAME, "-o", "json").check().stdout)["state"] == "Stopped"

    began = time.monotonic()
    mlw("start", "--name", NAME).check()
    assert time.monotonic() - began < START_SECONDS * BUSY
    assert run_in(engine, container, "cat /home/azureuser/kept.txt").strip() == "kept"


def test_it_uses_little_memory_without_a_kernel(
    running: LiveStack, mlw: MlwCompute, engine: DockerClient, container: str
) -> None:
    mlw("restart", "--name", NAME).check()
    assert ask(running, str(user(running).held["computeInstanceToken"])) == 200

    stats = engine.api.stats(container, stream=False)
    memory = stats["memory_stats"]
    used = memory["usage"] - memory["stats"].get("inactive_file", 0)
    assert used / 2**20 < IDLE_MIB


def test_an_idle_instance_stops_within_a_minute_of_its_time(
    running: LiveStack, engine: DockerClient, container: str
) -> None:
    token = str(user(running).held["computeInstanceToken"])
    # Azure's shortest time is a quarter of an hour.
    write_idle_seconds(container, 3)
    began = time.monotonic()

    def stopped() -> None:
        # Reading is no activity: a forgotten page in a browser does no more.
        if time.monotonic() - began < 3:
            ask(running, token)
        assert engine.containers.get(container).status == "exited"

    probe_until(stopped, what="the idle instance has stopped", timeout_seconds=3 + STOP_SECONDS)
    assert engine.containers.get(container).attrs["State"]["ExitCode"] == 0
    write_idle_seconds(container, 0)


def write_idle_seconds(container: str, seconds: int) -> None:
    """Change the idle time as an update does, also of an instance that is stopped."""
    files = {"idle-seconds": f"{seconds}\n".encode()}
    docker_engine.write_files(container, "/etc/instance/live", files, uid=10001, gid=10001)


def test_times_of_the_stack_file_start_it(
    running: LiveStack, mlw: MlwCompute, engine: DockerClient, container: str
) -> None:
    mlw("stop", "--name", NAME).check()
    running.stack.configure(**with_instance(idleTimeBeforeShutdown="PT15M", schedules={"computeStartStop": [YEARLY]}))
    running.stack.up().check()
    assert schedule(running, "run").stdout == "", "times before the deployment are not due"
    assert engine.containers.get(container).status == "exited", "a changed idle time starts nothing"

    deployed_two_years_ago(running, f"{NAME}-start-0")
    done = schedule(running, "run").stdout
    assert done.startswith(f"Done: start '{NAME}', schedule '{NAME}-start-0', due 20")
    assert engine.containers.get(container).status == "running"
    assert schedule(running, "run").stdout == "", "a time is carried out once"

    running.stack.configure()
    running.stack.up().check()
    schedule(running, "run")
    assert scheduled(running) == []


def schedule(live: LiveStack, verb: str, *words: str) -> Finished:
    """Run `mlw schedule VERB STACK ...`."""
    return live.stack.environment.mlw("schedule", verb, live.stack.name, *words).check()


def deployed_two_years_ago(live: LiveStack, name: str) -> None:
    """Change the record of a schedule as if times had counted for two years."""
    s3, key = s3_client(live.outputs), f"schedules/{name}/schedule.json"
    record = json.loads(s3.get_object(Bucket="azureml", Key=key)["Body"].read())
    record["armed"] = (datetime.fromisoformat(record["armed"]) - timedelta(days=730)).isoformat()
    s3.put_object(Bucket="azureml", Key=key, Body=json.dumps(record).encode())


def with_instance(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - values of a stack file
    """The section `computes` with a change of the instance."""
    entry = {"name": NAME, "type": "ComputeInstance", "assignedUser": USER, "vmSize": "STANDARD_DS2_V2"}
    return {"computes": [{**entry, **changed}]}


def test_files_are_deleted_only_when_that_is_asked_for(
    live: LiveStack, mlw: MlwCompute, engine: DockerClient, tmp_path: Path
) -> None:
    document = tmp_path / "instance.yml"
    document.write_text(SCHEDULED, encoding="utf-8")
    mlw("create", "--file", str(document), "--user-object-id", "bea").check()
    see_but_not_write(live)
    assert scheduled(live) == ["ci-bea-stop-0"]
    schedule(live, "trigger", "--name", "ci-bea-stop-0")
    assert engine.containers.get(f"{live.outputs['workspace']['name']}-ci-ci-bea").status == "exited"
    volumes = {name for name in live.stack.objects().volumes.values() if "-ci-ci-bea-" in name}
    assert len(volumes) == 2
    file = live.stack.environment.stack_folder / f"Pulumi.{live.stack.name}.yaml"
    text = file.read_text(encoding="utf-8")
    assert "computeStartStop" in text

    live.stack.configure()
    refused = live.stack.pulumi("up", "--yes", "--skip-preview")
    assert refused.exit_code != 0
    assert "the compute instance 'ci-bea' would be deleted with the files of its user" in refused.output

    file.write_text(text, encoding="utf-8")
    mlw("delete", "--name", "ci-bea", "--yes").check()
    assert not volumes & set(live.stack.objects().volumes.values())
    assert "allowReplacement" not in file.read_text(encoding="utf-8")
    assert [one["name"] for one in live.stack.outputs()["computes"]] == ["local", NAME]
    assert scheduled(live) == []


def see_but_not_write(live: LiveStack) -> None:
    """Look at another user's notebooks and the datastores, on an instance of a user who only reads."""
    shown = contents(live, "api/contents/Users", instance="ci-bea")
    assert "bea" in {one["name"] for one in shown.json()["content"]}, shown.text
    assert contents(live, "api/contents/datastores/workspaceblobstore", instance="ci-bea").status_code == 200
    refused = contents(live, "api/contents/Users/bea/x.txt", "PUT", FILE, instance="ci-bea")
    assert refused.status_code == 403
    assert "your roles do not allow it" in refused.text
    own = contents(live, "api/contents/x.txt", "PUT", FILE, instance="ci-bea")
    assert own.status_code == 201, "the home folder is its own"


def scheduled(live: LiveStack) -> list[str]:
    """Names of the workspace's schedules."""
    return [one["name"] for one in json.loads(schedule(live, "list", "-o", "json").stdout)]
