"""The project's own build of the Docker provider, where it differs from upstream's: no fixed pauses."""

import json
import math
import re
import secrets
from pathlib import Path

import pytest

from infra.host import folders
from tests.support.environment import Environment
from tests.support.processes import run
from tools.bootstrap import pulumi_tools, versions

RUN_SECONDS = 300.0
UPSTREAM_PAUSE_SECONDS = 2.0
"""How long upstream waits before it removes a volume or a network, and before it looks at a network it has made."""

ROUNDS = 3
"""A fixed pause is in each of them, the slowness of a busy machine is not."""

PROGRAM = """
import os
import pulumi_docker as docker

for number in range(3):
    docker.Volume(f"volume-{number}", name=f"{os.environ['PREFIX']}-{number}")
docker.Network("network", name=os.environ["PREFIX"], ipam_driver="default")
"""


@pytest.fixture
def variables(environment: Environment, tmp_path: Path) -> dict[str, str]:
    """The environment of a program with three volumes and a network."""
    if not pulumi_tools.origin(versions.tool("pulumi-resource-docker")).startswith("built"):
        pytest.skip("the official plugin is in use, which has the pauses")
    runtime = json.dumps({"name": "python", "options": {"virtualenv": str(folders.venv())}})
    (tmp_path / "Pulumi.yaml").write_text(f"name: trial\nruntime: {runtime}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    ours = {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}", "PREFIX": f"trial-{secrets.token_hex(4)}"}
    theirs = {key: value for key, value in environment.variables.items() if key != "PULUMI_OPTION_POLICY_PACK"}
    return {**theirs, **ours}


def test_volumes_and_networks_are_created_and_removed_without_a_fixed_pause(
    variables: dict[str, str], tmp_path: Path
) -> None:
    def pulumi(arguments: str) -> str:
        command = ["pulumi", *arguments.split(), "--stack", "trial", "--non-interactive"]
        return run(command, cwd=tmp_path, env=variables, timeout_seconds=RUN_SECONDS).check().output

    pulumi("stack init")
    quickest: dict[str, float] = {}
    for _ in range(ROUNDS):
        printed = pulumi("up --yes --skip-preview") + pulumi("destroy --yes --skip-preview")
        for what in ("Network created", "Network deleted", "Volume deleted"):
            quickest[what] = min(quickest.get(what, math.inf), *seconds(printed, *what.split()))
        if max(quickest.values()) < UPSTREAM_PAUSE_SECONDS:
            return
    pytest.fail(f"at their quickest, in seconds: {quickest}")


def seconds(output: str, kind: str, done: str) -> list[float]:
    """How long each object of a kind took."""
    return [float(took) for took in re.findall(rf":{kind} \S+ {done} \(([\d.]+)s\)", output)]
