"""Online endpoints with the files of Azure's examples: deploy, use, update, fail, scale, delete."""

import json
import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.jobs_workspace import data_of
from tests.support.probes import probe_until
from tests.support.served_endpoints import Served
from tests.support.vault import vault_client

READY_SECONDS = 15.0


def test_a_request_is_answered_by_the_deployment(served: Served) -> None:
    response = served.ask()

    # Its variable is changed by other tests.
    assert (response.status_code, response.json()["sum"]) == (200, 13)
    assert response.headers["azureml-model-deployment"] == "blue"
    invoked = served.mlw(
        "online-endpoint", "invoke", "-n", "sums", "--request-file", str(served.files["request"])
    ).check()
    assert json.loads(invoked.stdout) == response.json()


def test_creating_while_the_front_is_stopped_leaves_none_of_it(served: Served) -> None:
    front = served.engine.containers.get(served.stack.container_of("inference"))
    front.stop()
    try:
        failed = served.mlw("online-endpoint", "create", "-f", str(served.files["other"]))
    finally:
        front.start()

    assert (failed.exit_code, "Nothing of it is left." in failed.stderr) == (1, True)
    assert "others" not in served.mlw("online-endpoint", "list").check().stdout
    kept = vault_client(served.stack.outputs).secrets.kv.v2.list_secrets(
        path=f"online-endpoints/{served.stack.outputs['workspace']['name']}", mount_point="secret"
    )
    assert "others" not in kept["data"]["keys"]
    probe_until(lambda: served.ask().raise_for_status(), what="the front serves again")


def test_only_the_keys_of_the_endpoint_are_accepted(served: Served) -> None:
    served.mlw("online-endpoint", "create", "-f", str(served.files["other"])).check()
    try:
        others = data_of(served.mlw("online-endpoint", "get-credentials", "-n", "others"))["primaryKey"]
        assert [served.ask(one).status_code for one in ("wrong", others, "")] == [401, 401, 401]
    finally:
        served.mlw("online-endpoint", "delete", "-n", "others", "--yes").check()

    assert served.ask().status_code == 200


def test_a_replaced_key_is_refused_and_the_other_one_stays_valid(served: Served) -> None:
    before = data_of(served.mlw("online-endpoint", "get-credentials", "-n", "sums"))

    served.mlw("online-endpoint", "regenerate-keys", "-n", "sums", "--key-type", "secondary").check()

    after = data_of(served.mlw("online-endpoint", "get-credentials", "-n", "sums"))
    assert after["primaryKey"] == before["primaryKey"] == served.key
    used = (before["secondaryKey"], after["secondaryKey"], served.key)
    assert [served.ask(one).status_code for one in used] == [401, 200, 200]


def test_an_update_under_load_fails_no_request(served: Served) -> None:
    ended, statuses, rounds = threading.Event(), list[int](), set[str]()

    def client() -> None:
        with requests.Session() as session:
            while not ended.is_set():
                begun = time.monotonic()
                response = session.post(
                    served.uri, json={"data": [1]}, headers={"Authorization": f"Bearer {served.key}"}, timeout=60
                )
                statuses.append(response.status_code)
                rounds.add(response.json().get("round", ""))
                ended.wait(max(0.0, 0.08 - (time.monotonic() - begun)))

    with ThreadPoolExecutor(4) as pool:  # 50 requests a second
        clients = [pool.submit(client) for _ in range(4)]
        try:
            change = (
                "--set",
                "environment_variables.ROUND=9",
                "--set",
                "request_settings.max_concurrent_requests_per_instance=50",
            )
            served.mlw("online-deployment", "update", "-n", "blue", "-e", "sums", *change).check()
            time.sleep(0.5)  # requests to the new one
        finally:
            ended.set()
        for one in clients:
            one.result()

    assert set(statuses) == {200}
    assert rounds == {"1", "9"}


@pytest.mark.parametrize(
    ("script", "said"),
    [("broken", "ValueError: the model is of another version"), ("hungry", "was exhausted")],
)
def test_what_does_not_become_ready_leaves_nothing(script: str, said: str, served: Served) -> None:
    before = sorted(served.instances())
    change = f"code_configuration.code={served.files['folder']}/onlinescoring/{script}"

    failed = served.mlw(
        "online-deployment",
        "update",
        "-f",
        str(served.files["blue"]),
        "--set",
        change,
        "--set",
        "instance_type=Standard_F1s",
    )

    assert failed.exit_code == 1
    assert "it did not become ready" in failed.stderr
    assert said in failed.stderr
    assert sorted(served.instances()) == before
    assert served.ask().status_code == 200


def test_two_deployments_share_the_traffic(served: Served) -> None:
    created = served.mlw("online-deployment", "create", "-f", str(served.files["green"])).check()
    ready = re.search(r"ready after ([0-9.]+) s", created.stderr)
    assert ready
    assert float(ready[1]) < READY_SECONDS

    assert served.ask(**{"azureml-model-deployment": "green"}).json()["round"] == "2"
    assert {served.ask().headers["azureml-model-deployment"] for _ in range(5)} == {"blue"}
    served.mlw("online-endpoint", "update", "-n", "sums", "--traffic", "blue=50 green=50").check()
    assert {served.ask().headers["azureml-model-deployment"] for _ in range(40)} == {"blue", "green"}

    refused = served.mlw("online-deployment", "delete", "-n", "green", "-e", "sums", "--yes")
    assert (refused.exit_code, "it has 50 % of the traffic" in refused.stderr) == (1, True)
    served.mlw("online-endpoint", "update", "-n", "sums", "--traffic", "blue=100").check()
    served.mlw("online-deployment", "delete", "-n", "green", "-e", "sums", "--yes").check()
    assert served.ask(**{"azureml-model-deployment": "green"}).status_code == 404


def test_scaling_to_two_and_to_none(served: Served) -> None:
    before = set(served.instances())

    served.mlw("online-deployment", "scale", "-n", "blue", "-e", "sums", "--instance-count", "2").check()
    assert before < set(served.instances())
    served.mlw("online-deployment", "scale", "-n", "blue", "-e", "sums", "--instance-count", "0").check()

    assert served.instances() == {}
    assert served.ask().status_code == 503
    served.mlw("online-deployment", "scale", "-n", "blue", "-e", "sums", "--instance-count", "1").check()
    assert served.ask().status_code == 200


def test_containers_have_no_rights_and_no_secrets(served: Served) -> None:
    served.mlw(
        "online-deployment", "update", "-n", "blue", "-e", "sums", "--set", "environment_variables.TOKEN=hidden-word"
    ).check()

    (attributes,) = served.instances().values()
    host = attributes["HostConfig"]
    assert (host["CapDrop"], host["ReadonlyRootfs"], host["PortBindings"] or {}) == (["ALL"], True, {})
    assert (host["RestartPolicy"]["Name"], attributes["Config"]["User"]) == ("unless-stopped", "1001:1001")
    assert "hidden-word" not in json.dumps(attributes)


def test_the_next_command_repairs_what_a_killed_one_left(served: Served) -> None:
    environment = served.stack.stack.environment
    command = ["mlw", "online-deployment", "create", served.stack.stack.name, "-f", str(served.files["green"])]
    with subprocess.Popen(
        command,
        cwd=environment.project,
        env=environment.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:

        def has_begun() -> None:
            assert len(served.instances()) == 2

        probe_until(has_begun, what="the container of the new deployment")
        process.kill()
    for name in served.instances():
        if "-blue-" in name:
            served.engine.containers.get(name).remove(force=True)

    served.mlw("online-deployment", "list", "-e", "sums").check()

    (name,) = served.instances()
    assert "-blue-" in name
    assert served.ask().status_code == 200


def test_roles_decide_who_sees_the_keys(served: Served) -> None:
    words = ("online-endpoint", "get-credentials", "-n", "sums")

    assert "sums" in served.mlw("online-endpoint", "list", principal="reader").check().stdout
    refused = served.mlw(*words, principal="reader")
    assert (refused.exit_code, "onlineEndpoints/score/action" in refused.stderr) == (1, True)
    assert served.mlw(*words, principal="data-scientist").check().stdout == served.mlw(*words).check().stdout
    created = served.mlw("online-endpoint", "create", "-f", str(served.files["other"]), principal="reader")
    assert (created.exit_code, "onlineEndpoints/write" in created.stderr) == (1, True)
