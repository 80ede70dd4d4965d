"""What the documentation shows is run: the tutorial's client, and every block of commands that a workspace allows."""

import re
from collections.abc import Mapping

import pytest

from tests.support.documents import ROOT, SHELL, Block, all_blocks, blocks, commands, script
from tests.support.environment import Environment
from tests.support.insights import insights_client
from tests.support.probes import probe_until
from tests.support.processes import Finished, run
from tests.support.stacks import LiveStack

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "mlw": (
        "list",
        "show",
        "diagnose",
        "policy",
        "roles list",
        "secrets",
        "registry gc",
        "run",
        "env",
        "logs",
        "open",
        "watch",
    ),
    "eval": ("SUBSTITUTION",),
    "pulumi": ("stack output",),
    "printf": ("",),
}
"""Program to the beginnings of its command lines that leave a workspace as it is, or add to it and take it away."""
REFERENCE = ROOT / "docs" / "cli.md"
"""Its examples each need another state of a workspace; `test_cli.py` and `test_cli_key_vault.py` run the commands."""
IN_ORDER = {
    ROOT / "docs" / f"tutorial-{name}.md"
    for name in ("insights", "tracking", "jobs", "tune", "automl", "notebook", "endpoints", "batch")
}
"""Each block shows what the ones before it did; tests of their own run them, e.g. `test_jobs_tutorial.py`."""

OTHER_STACK = re.compile(r"\b(ci|churn|fraud|STACK|RULE)\b|principals?|roleAssignments|certificateAuthority")


def lines_of(block: Block) -> str:
    """The block without the line that sets up the environment, which the test has already."""
    return "".join(line for line in script(block).splitlines(keepends=True) if "make -s env" not in line)


def is_allowed(program: str, arguments: str) -> bool:
    return any(not start or arguments.startswith(f"{start} ") for start in PROGRAMS.get(program, ()))


def can_run(block: Block) -> bool:
    found = list(commands(lines_of(block)))
    allowed = all(is_allowed(words[0], f"{' '.join(words[1:])} ") for words in found)
    return bool(found) and allowed and not OTHER_STACK.search(lines_of(block))


CLIENT = "examples/first_client.py"
RUNNABLE = [block for block in all_blocks(*SHELL) if block.document not in {REFERENCE, *IN_ORDER} and can_run(block)]


def run_block(block: Block, live: LiveStack) -> Finished:
    environment: Environment = live.stack.environment
    text = re.sub(r"(?<![\w/-])dev(?![\w-])", live.stack.name, lines_of(block))
    return run(["bash", "-euo", "pipefail", "-c", text], cwd=environment.project, env=environment.variables)


@pytest.mark.parametrize("block", RUNNABLE, ids=str)
def test_every_block_that_a_workspace_allows_runs(block: Block, live: LiveStack) -> None:
    finished = run_block(block, live).check()

    assert "Traceback" not in finished.output


def test_blocks_are_found() -> None:
    found = {block.document.relative_to(ROOT).as_posix() for block in RUNNABLE}

    assert {"docs/tutorial.md", "docs/key-vault.md", "docs/how-to/own-policies.md", "docs/daily.md"} <= found


def test_the_first_client_prints_what_the_tutorial_shows(live: LiveStack) -> None:
    (client,) = (block for block in all_blocks(*SHELL) if block.text.startswith(f"python {CLIENT}"))
    (shown,) = (block.text for block in blocks(client.document) if block.language == "text")

    printed = run_block(client, live).check().stdout

    *lines, trace = printed.splitlines()
    *expected, _ = shown.splitlines()
    assert [re.sub("version [0-9]+", "version 1", line) for line in lines] == expected
    name, _, trace_id = trace.rpartition(" ")
    assert name == "insights: trace"

    def stored() -> None:
        found = insights_client(live.outputs).column(f"SELECT name FROM spans WHERE operation_Id = '{trace_id}'")
        assert found, f"no trace {trace_id}"

    probe_until(stored, what="the client's trace in the insights store")
