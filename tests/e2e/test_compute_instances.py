"""A compute instance of a workspace with TLS: its user works in JupyterLab, and nobody else does.

JupyterLab is used in a real browser. What stops, starts again with the same files; what is idle stops by itself.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from docker import DockerClient
from playwright.sync_api import Browser, HttpCredentials, Page, Playwright, expect, sync_playwright

from infra.clients.engine import docker_engine
from tests.support.ca_certificates import ca_file
from tests.support.documents import ROOT, SHELL, blocks
from tests.support.engine import everything_inspected, run_in
from tests.support.environment import Environment
from tests.support.object_store import s3_client
from tests.support.principals import Person, person
from tests.support.probes import probe_until
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack, live_stack
from tests.support.studio import launch
from tests.support.tracking import TrackingClient
from tests.support.updates import assert_unchanged
from tests.support.vault import write_secret

NAME, USER = "ci-ana", "ana"
TUTORIAL = ROOT / "docs" / "tutorial-notebook.md"
READS, STARTS = (
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "Microsoft.MachineLearningServices/workspaces/computes/start/action",
)
CUSTOM_ROLES = [
    {
        "Name": "Notebook Reader",
        "Description": "Has an instance, and reads datastores.",
        "IsCustom": True,
        "Actions": [STARTS, "Microsoft.MachineLearningServices/workspaces/computes/read"],
        "DataActions": [READS],
    }
]
ROLES = {USER: "DataScientist", "bea": "Notebook Reader", "rea": "Reader"}
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
CELL = """
import boto3, hvac, mlflow
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
mlflow.set_experiment("every-service")
run = mlflow.start_run()
mlflow.log_metric("answer", 42)
mlflow.end_run()
boto3.client("s3").put_object(Bucket="BUCKET", Key="notes/from-notebook.txt", Body=b"x")
vault = hvac.Client().secrets.kv.v2
secret = vault.read_secret_version(path="for-ana", mount_point="secret", raise_on_deleted_version=True)
span = TracerProvider().get_tracer("notebook").start_span("from the notebook")
span.end()
print(run.info.run_id, secret["data"]["data"]["value"], OTLPSpanExporter().export([span]).name)
""".strip()

FILE = {"type": "file", "format": "text", "content": "x"}
OPENMPI = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
PACKAGES = {"3.11": "pyyaml==6.0.1", "3.12": "pyyaml==6.0.2"}
"""Packages of an environment for each version of Python; the instance itself has a later one."""

KERNEL_CELL = """
import importlib.util, os, platform, yaml
leaked = importlib.util.find_spec("pandas") is not None
print(platform.python_version()[:4], yaml.__version__, leaked, "AWS_ACCESS_KEY_ID" in os.environ)
""".strip()


@pytest.fixture(scope="module")
def live(environment: Environment) -> Iterator[LiveStack]:
    """The running workspace."""
    definitions = environment.stack_folder / "roles-of-instances.yaml"
    definitions.write_text(json.dumps(CUSTOM_ROLES), encoding="utf-8")
    wanted = {
        "tls": True,
        "roleDefinitions": definitions.name,
        "tracking": {},
        "roleAssignments": [{"principal": name, "role": role} for name, role in ROLES.items()],
        "computes": [{"name": NAME, "type": "ComputeInstance", "assignedUser": USER, "vmSize": "STANDARD_DS2_V2"}],
    }
    with live_stack(environment, **wanted) as stack:
        write_secret(stack.outputs, "for-ana", {"value": "read-from-the-vault"})
        yield stack


@pytest.fixture(scope="module")
def container(live: LiveStack) -> str:
    return f"{live.outputs['workspace']['name']}-ci-{NAME}"


@pytest.fixture
def mlw(live: LiveStack) -> Callable[..., Finished]:
    """Runs `mlw compute VERB STACK ...`."""
    return lambda verb, *words: live.stack.environment.mlw("compute", verb, live.stack.name, *words)


@pytest.fixture
def running(live: LiveStack, mlw: Callable[..., Finished]) -> LiveStack:
    """The workspace, its instance running, whatever another test has done to it."""
    mlw("start", "--name", NAME).check()
    return live


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = launch(playwright, "--disable-features=LocalNetworkAccessChecks")
    yield started
    started.close()


@contextmanager
def visitor(browser: Browser, login: HttpCredentials | None = None) -> Iterator[Page]:
    """A page of a browser of its own, which trusts the certificates of the workspace.

    Requests are made outside of the browser, which fails all that are under way whenever a network appears on this
    machine; other tests create networks all the time. Only web sockets are its own.
    """
    context = browser.new_context(ignore_https_errors=True, http_credentials=login)
    context.route("**/*", lambda route: route.fulfill(response=route.fetch(max_redirects=0)))
    yield context.new_page()
    context.unroute_all(behavior="ignoreErrors")
    context.close()


def address(live: LiveStack) -> str:
    return next(str(one["endpoint"]) for one in live.outputs["computes"] if one["name"] == NAME)


def user(live: LiveStack, name: str = USER) -> Person:
    return person(live.outputs, name)


def ask(live: LiveStack, token: str, path: str = "/api/contents", method: str = "GET") -> int:
    headers = {"Authorization": f"token {token}"} if token else {}
    trusted = ca_file(live.outputs)
    return requests.request(method, address(live) + path, headers=headers, verify=trusted, timeout=20).status_code


def run_cell(browser: Browser, live: LiveStack, link: str, code: str, kernel: str = "Python 3") -> str:
    """Log in, create a notebook of a kernel, run one cell, and return what it printed."""
    lines = [line for line in code.splitlines() if line]
    with visitor(browser) as page:
        open_lab(page, live, link)
        cards = page.locator(".jp-LauncherCard[data-category='Notebook']")
        cards.filter(has_text=kernel).first.click(timeout=60_000)
        cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
        expect(page.get_by_text("| Idle")).to_be_visible(timeout=60_000)
        cell.click()
        page.keyboard.insert_text("\n".join([*lines, "print('the end')"]))
        expect(cell).to_contain_text("the end")
        page.keyboard.press("Shift+Enter")
        output = page.locator(".jp-Notebook .jp-OutputArea-output").last
        expect(output).to_contain_text("the end", timeout=90_000)
        return output.inner_text().replace("the end", "").strip()


def test_its_user_follows_the_tutorial_with_every_service_at_hand(running: LiveStack, browser: Browser) -> None:
    environment = running.stack.environment
    bucket = next(one["container"] for one in running.outputs["datastores"] if one["name"] == "workspaceblobstore")
    printed: list[str] = []
    missing: list[str] = []
    links: list[str] = []

    for block in blocks(TUTORIAL):
        if block.language == "text":
            missing += [line for line in block.text.splitlines() if line not in printed]
        elif block.language == "python":
            printed = run_cell(browser, running, links[-1], block.text).splitlines()
        elif block.language in SHELL and "make -s env" not in block.text:
            text = re.sub(r"(?<![\w/-])dev(?![\w-])", running.stack.name, block.text)
            words = ["bash", "-euo", "pipefail", "-c", text]
            printed = run(words, cwd=environment.project, env=environment.variables).check().stdout.splitlines()
            links += [line.rpartition(" ")[2] for line in printed if "/login/once" in line]

    assert missing == []
    with visitor(browser) as page:
        page.goto(links[-1])
        expect(page.locator("input[type=password]")).to_be_visible()
    said = run_cell(browser, running, link_to(running), CELL.replace("BUCKET", bucket)).split()
    assert said[-2:] == ["read-from-the-vault", "SUCCESS"]
    see_run(browser, running, said[-3])


def open_lab(page: Page, live: LiveStack, link: str = "") -> None:
    """Log in, and open JupyterLab as if for the first time."""
    page.goto(link or link_to(live))
    page.wait_for_url(re.compile(f"^{re.escape(address(live))}/lab"), timeout=30_000)
    page.goto(f"{address(live)}/lab?reset")


def link_to(live: LiveStack) -> str:
    """A link that logs its user in."""
    made = live.stack.environment.mlw("compute", "connect", live.stack.name, "-n", NAME, "--query", "url", "-o", "tsv")
    return made.check().stdout.strip()


def see_run(browser: Browser, live: LiveStack, run_id: str) -> None:
    """Look at the run in MLflow's own page, as the user."""
    who = user(live)
    found = TrackingClient.of_person(who).call("GET", f"runs/get?run_id={run_id}")["run"]
    assert {one["key"]: one["value"] for one in found["data"]["metrics"]} == {"answer": 42}
    login: HttpCredentials = {
        "username": who.held["trackingUsername"],
        "password": who.held["trackingPassword"],
    }
    place = f"{live.outputs['endpoints']['tracking']}/#/experiments/{found['info']['experiment_id']}/runs/{run_id}"
    with visitor(browser, login) as page:
        page.goto(place)
        expect(page.get_by_text("answer").first).to_be_visible(timeout=60_000)


def test_environments_of_the_workspace_are_kernels(
    running: LiveStack, browser: Browser, engine: DockerClient, container: str
) -> None:
    environment, stack = running.stack.environment, running.stack.name
    kernel = partial(environment.mlw, "compute", "kernel")
    for python, package in PACKAGES.items():
        conda = json.dumps({"dependencies": [f"python={python}", "pip", {"pip": [package]}]})
        file = environment.stack_folder.parent / f"conda-{python}.yml"
        file.write_text(conda, encoding="utf-8")
        words = ("--name", "Pinned", "--version", python, "--image", OPENMPI, "--conda-file", str(file))
        environment.mlw("environment", "create", stack, *words, "--principal", USER).check()
        kernel("add", stack, "--name", NAME, "--environment", f"Pinned:{python}", "--principal", USER).check()
        file.unlink()

    said = run_cell(browser, running, link_to(running), KERNEL_CELL, "Pinned:3.11").split()
    assert said == ["3.11", "6.0.1", "False", "True"]
    run_in(engine, container, f"cat > /tmp/cell.py <<'END'\n{KERNEL_CELL}\nEND")
    output = run_in(engine, container, "python -m jupyter_client.runapp --kernel pinned-3.12 /tmp/cell.py 2> /dev/null")
    assert output.split()[:3] == ["3.12", "6.0.2", "False"]
    listed = json.loads(kernel("list", stack, "--name", NAME, "-o", "json").check().stdout)
    assert [(one["environment"], one["python"]) for one in listed] == [("Pinned:3.11", "3.11"), ("Pinned:3.12", "3.12")]
    assert all(10 < one["sizeMiB"] < 200 for one in listed)

    refused = kernel("list", stack, "--name", NAME, "--principal", "bea")
    assert "Only the assigned user can log in" in refused.stderr
    used = kernel("remove", stack, "--name", NAME, "--environment", "Pinned:3.11")
    assert "1 notebooks or consoles use it. Shut down their kernels first" in used.stderr
    for one in contents(running, "api/kernels").json():
        assert contents(running, f"api/kernels/{one['id']}", "DELETE").status_code == 204
    for python in PACKAGES:
        kernel("remove", stack, "--name", NAME, "--environment", f"Pinned:{python}").check()
    assert json.loads(kernel("list", stack, "--name", NAME, "-o", "json").check().stdout) == []
    assert run_in(engine, container, "find /home/azureuser/.local -iname 'pinned*'").strip() == ""


def contents(
    live: LiveStack, path: str, method: str = "GET", model: dict[str, str] | None = None, instance: str = NAME
) -> requests.Response:
    """A request to an instance's JupyterLab, with the token of its user."""
    entry = next(one for one in live.stack.outputs()["computes"] if one["name"] == instance)
    token = user(live, entry["assignedUser"]).held["computeInstanceToken"]
    headers = {"Authorization": f"token {token}"}
    return requests.request(
        method, f"{entry['endpoint']}/{path}", json=model, verify=ca_file(live.outputs), timeout=30, headers=headers
    )


def test_datastores_are_folders_with_the_rights_of_the_user(running: LiveStack, browser: Browser) -> None:
    buckets = {one["name"]: one["container"] for one in running.outputs["datastores"]}
    account, store = s3_client(running.outputs), "api/contents/datastores/workspaceblobstore"
    account.put_object(Bucket=buckets["workspaceblobstore"], Key="raw/from-elsewhere.csv", Body=b"a,b\n1,2\n")

    with visitor(browser) as page:
        open_lab(page, running)
        for name in ("datastores", "workspaceblobstore", "raw", "from-elsewhere.csv"):
            page.locator(".jp-DirListing-item", has_text=name).dblclick(timeout=60_000)
        expect(page.locator(".jp-CSVViewer")).to_be_visible(timeout=30_000)
    written = contents(running, f"{store}/raw/new.txt", "PUT", FILE)
    assert written.status_code == 201, written.text
    assert account.get_object(Bucket=buckets["workspaceblobstore"], Key="raw/new.txt")["Body"].read() == b"x"
    assert contents(running, "files/datastores/workspaceblobstore/raw/new.txt").content == b"x"
    renamed = contents(running, f"{store}/raw", "PATCH", {"path": "datastores/workspaceblobstore/clean"})
    assert renamed.status_code == 200, renamed.text
    listed = contents(running, f"{store}/clean").json()["content"]
    assert sorted(one["name"] for one in listed) == ["from-elsewhere.csv", "new.txt"]
    assert contents(running, f"{store}/clean", "DELETE").status_code == 400, "it is not empty"
    assert contents(running, f"{store}/clean/new.txt", "DELETE").status_code == 204
    assert contents(running, store, "DELETE").status_code == 403
    assert contents(running, "api/contents/datastores/none").status_code == 404


def test_notebooks_in_the_file_store_run_where_they_are(running: LiveStack, browser: Browser) -> None:
    folder = f"Users/{USER}"
    assert contents(running, f"api/contents/{folder}").json()["content"] == []

    with visitor(browser) as page:
        open_lab(page, running)
        for name in ("Users", USER):
            page.locator(".jp-DirListing-item", has_text=name).dblclick(timeout=60_000)
        page.locator(".jp-LauncherCard[data-category='Notebook']").filter(has_text="Python 3").first.click()
        cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
        expect(page.get_by_text("| Idle")).to_be_visible(timeout=60_000)
        cell.click()
        page.keyboard.insert_text("print(6 * 7)")
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-Notebook .jp-OutputArea-output").first).to_contain_text("42", timeout=60_000)
    bucket = next(one["container"] for one in running.outputs["datastores"] if "working" in one["name"])
    made = s3_client(running.outputs).get_object(Bucket=bucket, Key=f"{folder}/Untitled.ipynb")["Body"].read()
    assert json.loads(made)["nbformat"] == 4


def test_only_the_token_of_its_user_is_accepted(running: LiveStack, mlw: Callable[..., Finished]) -> None:
    own = str(user(running).held["computeInstanceToken"])

    assert ask(running, own) == 200
    for other in ("bea", "rea"):
        held = {key: value for key, value in user(running, other).held.items() if isinstance(value, str)}
        assert "computeInstanceToken" not in held
        assert {ask(running, str(secret)) for secret in held.values()} == {403}
    assert ask(running, "") == 403
    assert ask(running, "", "/login/links", "POST") == 403
    assert ask(running, running.outputs["credentials"]["keyVault"]["token"]) == 403
    refused = mlw("connect", "--name", NAME, "--principal", "bea")
    assert refused.exit_code == 1
    assert "Only the assigned user can log in" in refused.stderr
    assert "computes/stop/action" in mlw("stop", "--name", NAME, "--principal", "rea").stderr
    assert ask(running, own) == 200


def test_no_secret_is_visible_on_the_engine(running: LiveStack, engine: DockerClient) -> None:
    held = user(running).held
    secrets = [str(value) for key, value in held.items() if key.endswith(("Token", "Password", "SecretKey"))]
    shown = everything_inspected(engine, running.stack.objects())

    assert len(secrets) >= 5
    assert [number for number, secret in enumerate(secrets) if secret in shown] == []


def test_a_stopped_instance_keeps_its_files_and_stays_stopped(
    running: LiveStack, mlw: Callable[..., Finished], engine: DockerClient, container: str
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
    running: LiveStack, mlw: Callable[..., Finished], engine: DockerClient, container: str
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
    token, began = str(user(running).held["computeInstanceToken"]), time.monotonic()
    # Azure's shortest time is a quarter of an hour.
    docker_engine.write_files(container, "/etc/instance/live", {"idle-seconds": b"3"}, uid=10001, gid=10001)

    def stopped() -> None:
        # Reading is no activity: a forgotten page in a browser does no more.
        if time.monotonic() - began < 3:
            ask(running, token)
        assert engine.containers.get(container).status == "exited"

    probe_until(stopped, what="the idle instance has stopped", timeout_seconds=3 + STOP_SECONDS)
    assert engine.containers.get(container).attrs["State"]["ExitCode"] == 0
    running.stack.configure(**with_instances({"idleTimeBeforeShutdown": "PT15M"}))
    running.stack.up().check()
    running.stack.configure()
    running.stack.up().check()
    assert engine.containers.get(container).status == "exited", "a changed idle time starts nothing"


def with_instances(changed: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    """The section `computes` with a change of the instance, and more entries."""
    entry = {"name": NAME, "type": "ComputeInstance", "assignedUser": USER, "vmSize": "STANDARD_DS2_V2"}
    return {"computes": [{**entry, **changed}, *more]}


def test_rotated_keys_end_sessions_without_a_restart(running: LiveStack, engine: DockerClient, container: str) -> None:
    before, started = str(user(running).held["computeInstanceToken"]), engine.containers.get(container).attrs["Created"]
    session = requests.Session()

    def visit(path: str) -> int:
        return session.get(address(running) + path, verify=ca_file(running.outputs), timeout=20).status_code

    assert visit(f"/lab?token={before}") == 200
    assert visit("/api/contents") == 200

    running.stack.environment.mlw("keys", "rotate", running.stack.name, "--principal", USER).check()

    after = str(user(running).held["computeInstanceToken"])
    assert after != before
    assert (ask(running, before), ask(running, after)) == (403, 200)
    assert visit("/api/contents") == 403
    assert engine.containers.get(container).attrs["Created"] == started


def test_files_are_deleted_only_when_that_is_asked_for(
    live: LiveStack, mlw: Callable[..., Finished], engine: DockerClient, tmp_path: Path
) -> None:
    document = tmp_path / "instance.yml"
    document.write_text(SCHEDULED, encoding="utf-8")
    mlw("create", "--file", str(document), "--user-object-id", "bea").check()
    see_but_not_write(live)
    assert scheduled(live) == ["ci-bea-stop-0"]
    live.stack.environment.mlw("schedule", "trigger", live.stack.name, "--name", "ci-bea-stop-0").check()
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
    done = live.stack.environment.mlw("schedule", "list", live.stack.name, "-o", "json").check()
    return [one["name"] for one in json.loads(done.stdout)]
