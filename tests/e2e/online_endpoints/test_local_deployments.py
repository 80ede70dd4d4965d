"""Local endpoints and deployments: the same image and server, without the front and without records."""

import json
from pathlib import Path

import yaml
from docker import DockerClient

from infra import labels
from tests.support.jobs_workspace import data_of
from tests.support.online_deployments import NAME, SCORE, SUM, call, deployment, write_model_and_code
from tests.support.stacks import LiveStack

BLUE = ("-n", "blue", "-e", NAME, "--local")


def objects(engine: DockerClient) -> list[str]:
    own: dict[str, str | list[str] | bool] = {"label": f"{labels.LOCAL_ENDPOINT}={NAME}"}
    containers = [str(one.name) for one in engine.containers.list(all=True, filters=own)]
    return [*containers, *(str(one.id) for one in engine.volumes.list(filters=own))]


def test_a_local_deployment_is_used_and_deleted(jobs_stack: LiveStack, engine: DockerClient, tmp_path: Path) -> None:
    stack, file, request = jobs_stack.stack, tmp_path / "blue.yml", tmp_path / "request.json"
    before = data_of(call(stack, "online-endpoint", "list", "-o", "json"))
    write_model_and_code(tmp_path, score=SCORE)
    file.write_text(yaml.safe_dump(deployment("blue", "score")), encoding="utf-8")
    request.write_text('{"data": [1, 2]}', encoding="utf-8")
    early = call(stack, "online-deployment", "create", "-f", str(file), "--local")
    assert (
        early.exit_code,
        f"no such endpoint. Create it with `mlw online-endpoint create {stack.name} --local" in early.stderr,
    ) == (1, True)

    call(stack, "online-endpoint", "create", "--name", NAME, "--local").check()
    try:
        made = data_of(call(stack, "online-deployment", "create", "-f", str(file), "--local"))
        assert made["scoring_uri"].startswith("http://127.0.0.1:")
        invoked = call(stack, "online-endpoint", "invoke", "-n", NAME, "--local", "--request-file", str(request))
        assert json.loads(invoked.check().stdout)["sum"] == SUM
        assert (
            "POST /score"
            in call(stack, "online-deployment", "get-logs", "-n", "blue", "-e", NAME, "--local").check().stdout
        )
        assert NAME in call(stack, "online-endpoint", "list", "--local").check().stdout
        assert data_of(call(stack, "online-deployment", "show", *BLUE, "-o", "json")) == made
        assert data_of(call(stack, "online-deployment", "list", "-e", NAME, "--local", "-o", "json")) == [made]

        # An update has a new container, with the code as it is now.
        (tmp_path / "onlinescoring" / "score" / "score.py").write_text(
            SCORE.replace("+ offset", "+ offset + 1"), encoding="utf-8"
        )
        change = ("--set", "environment_variables.ROUND=2")
        updated = data_of(call(stack, "online-deployment", "update", *BLUE, *change))
        assert updated["revision"] != made["revision"]
        invoked = call(stack, "online-endpoint", "invoke", "-n", NAME, "--local", "--request-file", str(request))
        assert json.loads(invoked.check().stdout) == {"sum": SUM + 1, "round": "2"}
        tagged = data_of(call(stack, "online-endpoint", "update", "-n", NAME, "--local", "--set", "tags.stage=review"))
        assert (tagged["tags"], list(tagged["scoring_uris"])) == ({"stage": "review"}, ["blue"])
        # The workspace has no record of it, and what repairs its endpoints leaves it alone.
        assert data_of(call(stack, "online-endpoint", "list", "-o", "json")) == before
        assert len(objects(engine)) == 2
    finally:
        call(stack, "online-endpoint", "delete", "-n", NAME, "--local", "--yes").check()

    assert objects(engine) == []
    assert call(stack, "online-endpoint", "show", "-n", NAME, "--local").exit_code == 1
