"""Notebooks of a compute instance: JupyterLab in a real browser, its services, kernels and files."""

import json
import re
from functools import partial

from docker import DockerClient
from playwright.sync_api import Browser, HttpCredentials, expect

from tests.support.documents import ROOT, SHELL, blocks
from tests.support.engine import run_in
from tests.support.instances import FILE, NAME, USER, contents, link_to, open_lab, run_cell, user, visitor
from tests.support.object_store import s3_client
from tests.support.processes import run
from tests.support.stacks import LiveStack
from tests.support.tracking import TrackingClient

TUTORIAL = ROOT / "docs" / "tutorial-notebook.md"
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

OPENMPI = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
PACKAGES = {"3.11": "pyyaml==6.0.1", "3.12": "pyyaml==6.0.2"}
"""Packages of an environment for each version of Python; the instance itself has a later one."""

KERNEL_CELL = """
import importlib.util, os, platform, yaml
leaked = importlib.util.find_spec("pandas") is not None
print(platform.python_version()[:4], yaml.__version__, leaked, "AWS_ACCESS_KEY_ID" in os.environ)
""".strip()


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
        # The launcher makes the notebook in the folder that it shows.
        expect(page.locator(".jp-Launcher-cwd")).to_have_text(folder, timeout=60_000)
        page.locator(".jp-LauncherCard[data-category='Notebook']").filter(has_text="Python 3").first.click()
        cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
        expect(page.get_by_text("| Idle")).to_be_visible(timeout=60_000)
        cell.click()
        page.keyboard.insert_text("print(6 * 7)")
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-Notebook .jp-OutputArea-output").first).to_contain_text("42", timeout=60_000)
        page.keyboard.press("Control+s")
        with page.expect_response(lambda found: found.request.method == "PUT" and folder in found.url):
            page.get_by_role("button", name="Rename and Save").click()
    bucket = next(one["container"] for one in running.outputs["datastores"] if "working" in one["name"])
    made = s3_client(running.outputs).get_object(Bucket=bucket, Key=f"{folder}/Untitled.ipynb")["Body"].read()
    (saved,) = [one for one in json.loads(made)["cells"] if one["source"]]
    assert "".join(saved["source"]) == "print(6 * 7)"
    assert "".join(saved["outputs"][0]["text"]) == "42\n"
