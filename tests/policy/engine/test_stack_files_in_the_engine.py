"""How the Pulumi CLI reads stack files: checks the table that the reader is compared with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.host.environment import additions
from tests.support.processes import Finished, run
from tests.support.stack_file_forms import CASES, SECRET

AT_ONCE = 8
"""The CLI mostly waits."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Finished]]:
    """The output of `pulumi config` for each file; the backend is the test's own."""
    root = tmp_path_factory.mktemp("forms")
    outer = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    variables = (
        outer
        | additions(outer)
        | {
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "probe",
            "MLW_GUARD": "off",
        }
    )
    variables.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    (root / "state").mkdir()

    def read(entry: tuple[int, bytes]) -> Finished:
        folder = root / str(entry[0])
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: ml-workspace\nruntime: python\n")
        (folder / "Pulumi.x.yaml").write_bytes(entry[1])
        return run(["pulumi", "config", "--json", "--stack", "x", "--non-interactive"], cwd=folder, env=variables)

    (root / "Pulumi.yaml").write_text("name: ml-workspace\nruntime: python\n")
    run(["pulumi", "stack", "init", "x", "--non-interactive"], cwd=root, env=variables).check()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        contents = enumerate(content for content, _ in CASES.values())
        yield dict(zip(CASES, pool.map(read, contents), strict=True))


@pytest.mark.parametrize("name", CASES, ids=str)
def test_the_cli_reads_stack_files_as_listed_in_the_table(outcomes: Mapping[str, Finished], name: str) -> None:
    outcome, values = outcomes[name], CASES[name][1]

    assert (outcome.exit_code == 0) is (values is not None), outcome.output
    if values is not None:
        assert {key: _value(entry) for key, entry in json.loads(outcome.stdout).items()} == values


def _value(entry: Mapping[str, object]) -> object:
    if entry["secret"]:
        return SECRET
    text = str(entry.get("value", ""))
    return json.loads(text) if text[:1] in {"[", "{"} else text
