"""The workflow of a public host: its jobs are the tiers, its commands are make targets, its actions are pinned."""

import re
from pathlib import Path

import yaml

from tests.support.tiers import ON_DEMAND, TIERS
from tests.unit.test_makefile import TARGETS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
TIERS_IN_COVERAGE = {"unit", "policy"}


def test_every_tier_is_a_job() -> None:
    run = set(WORKFLOW["jobs"]["tests"]["strategy"]["matrix"]["tier"])

    assert run == set(TIERS) - ON_DEMAND - TIERS_IN_COVERAGE | {"coverage"}


def test_every_command_is_a_make_target() -> None:
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    commands = {step["run"].removeprefix("make ") for step in steps if "run" in step}

    assert commands - {"${{ matrix.tier }}"} <= TARGETS


def test_every_action_is_pinned_by_commit_with_its_release() -> None:
    used = re.findall(r"uses: (.*)", TEXT)

    assert used
    assert [use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_every_hook_before_a_commit_is_a_make_target() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]

    assert {hook["entry"].removeprefix("make ") for hook in hooks} <= TARGETS
