"""Schedules in a real workspace: run twice at one time, without the files that they come from, and by whom."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import yaml

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.running_jobs import Jobs, document_of
from tests.support.stacks import LiveStack
from tests.support.studio import running_studio

SCHEMA = "https://azuremlschemas.azureedge.net/latest/schedule.schema.json"


@pytest.fixture
def jobs(jobs_stack: LiveStack, tmp_path: Path) -> Iterator[Jobs]:
    found = Jobs(stack=jobs_stack.stack, folder=tmp_path)
    yield found
    assert found.left() == []


def written(folder: Path, name: str, create_job: object, **trigger: object) -> Path:
    """The file of a schedule; without a start its first job is due at once."""
    file = folder / f"{name}.yml"
    document = {"$schema": SCHEMA, "name": name, "trigger": trigger, "create_job": create_job}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def _page(session: requests.Session, address: str) -> str:
    return session.get(address, timeout=30).text


def test_a_schedule_submits_its_job_once_without_the_files_that_it_was_created_from(
    jobs: Jobs, mlw: Mlw, project: Path
) -> None:
    inputs = {"who": "nobody", "data": {"type": "uri_folder", "path": str(project / "my data")}}
    command = "python train.py; echo ${{inputs.who}}; cat ${{inputs.data}}/sub/*"
    job = document_of(command, code=str(project / "src"), inputs=inputs)
    (project / "job.yml").write_text(yaml.safe_dump(job), encoding="utf-8")
    changed = {"type": "command", "job": "./job.yml", "inputs": {"who": "${{name}}"}}
    file = written(project, "yearly", changed, type="cron", expression="0 0 1 1 *", time_zone="W. Europe Standard Time")

    created = mlw("schedule", "create", "--file", str(file), principal="data-scientist")
    shutil.rmtree(project / "src")
    shutil.rmtree(project / "my data")
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: mlw("schedule", "run", principal="data-scientist"), range(2)))

    assert data_of(created)["creation_context"]["created_by"] == "data-scientist"
    assert "Azure ignores these two fields" in created.stderr
    assert "* * * * * cd " in created.stderr
    shown = data_of(mlw("schedule", "show", "--name", "yearly", "-o", "json", principal="reader"))
    due = shown["last_time"][:19].replace("T", " ")
    assert [one.check().stdout for one in runs if one.stdout] == [
        f"Submitted: job '{shown['last_job']}' of schedule 'yearly', due {due} UTC\n"
    ]
    streamed = jobs.mlw("stream", shown["last_job"]).check()
    assert f"trained\n{shown['last_job']}\n1,2\n" in streamed.stdout
    done = jobs.show(shown["last_job"])
    assert (done["properties"]["mlw.schedule"], done["creation_context"]["created_by"]) == ("yearly", "data-scientist")

    with running_studio(jobs.stack.environment, jobs.stack.name, "--principal", "reader", program="mlw") as studio:
        session = requests.Session()
        session.get(studio.link, timeout=10).raise_for_status()
        pages = {
            place: _page(session, f"{studio.base}/stacks/{jobs.stack.name}/{place}") for place in ("jobs", "schedules")
        }
        assert shown["last_job"] in pages["jobs"]
        assert "0 0 1 1 *" in pages["schedules"]
        assert "trained\n" in _page(session, f"{studio.base}/stacks/{jobs.stack.name}/jobs?job={shown['last_job']}")

    # A schedule of that job, whose files are gone from this machine.
    copied = written(project, "copied", f"azureml:{shown['last_job']}", type="recurrence", frequency="day", interval=1)
    mlw("schedule", "create", "-f", str(copied)).check()
    assert mlw("schedule", "run").check().stdout.startswith("Submitted: job 'copied-")
    (again,) = [one for one in data_of(mlw("schedule", "list", "-o", "json")) if one["name"] == "copied"]
    assert f"trained\n{shown['last_job']}\n1,2\n" in jobs.mlw("stream", again["last_job"]).check().stdout


def test_who_has_no_rights_on_schedules_changes_and_runs_none(mlw: Mlw, tmp_path: Path) -> None:
    job = tmp_path / "job.yml"
    job.write_text(yaml.safe_dump(document_of("true")), encoding="utf-8")
    file = written(tmp_path, "guarded", "./job.yml", type="recurrence", frequency="day", interval=1)
    mlw("schedule", "create", "--file", str(file), "--set", "trigger.start_time=2099-01-01T00:00:00").check()
    right = "the role does not include Microsoft.MachineLearningServices/workspaces/schedules/"

    for who, verb, *words in (
        ("reader", "disable", "--name", "guarded"),
        ("curator", "create", "--file", str(file), "--name", "another"),
    ):
        refused = mlw("schedule", verb, *words, principal=who)
        assert (refused.exit_code, right in refused.stderr) == (1, True), refused.stderr
    enabled = mlw("schedule", "delete", "--name", "guarded", "--yes")
    assert "it is enabled. Disable it first" in enabled.stderr
    mlw("schedule", "disable", "--name", "guarded").check()
    forbidden = mlw("schedule", "delete", "--name", "guarded", "--yes", principal="reader")
    assert f"{right}delete" in forbidden.stderr
    mlw("schedule", "delete", "--name", "guarded", "--yes", principal="data-scientist").check()
    assert json.loads(mlw("schedule", "list", "--disabled-only", "-o", "json").check().stdout) == []
