"""The order in which a stack is upgraded: nothing is written before everything is known, the new state last."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from infra import labels
from infra.clients.engine import claims
from infra.clients.state import known_stacks
from infra.errors import EarlierVersionError
from mlw.lifecycle.lifecycle_errors import OperationFailedError
from mlw.lifecycle.stack_context import Context
from mlw.upgrade.take_over import take_over
from tests.unit.mlw.upgrade.test_earlier_state import EARLIER
from tests.unit.states import FakeCli, Heard, a_context, a_state, write

FOUND = {labels.STACK: "dev", labels.BACKEND: "0123", labels.RESOURCE_ID: "/subscriptions/s/resourceGroups/rg-dev"}
LABELS = {"labels": [{"label": label, "value": value} for label, value in FOUND.items()]}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return a_context(tmp_path)


@pytest.fixture
def cli(tmp_path: Path, context: Context) -> FakeCli:
    """A CLI that exports an earlier state, and keeps what is imported."""
    resources = [{**one, "outputs": LABELS} if one["type"].endswith(":Volume") else one for one in EARLIER]
    write(context.state_file, a_state(*resources))
    exported = json.dumps({"version": 3, "deployment": {"manifest": {"time": "then"}, "resources": resources}})
    write(tmp_path / "exported.json", exported.encode())
    cli = FakeCli(tmp_path / "bin")
    cli.does(f'case "$2" in export) cat {tmp_path}/exported.json ;; import) cat > {tmp_path}/imported.json ;; esac')
    return cli


def imported(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "imported.json").read_text())
    return found


def kept(context: Context) -> list[Path]:
    return list(context.safe_copies.glob("earlier-version-*.json"))


def test_the_old_state_is_kept_and_named_before_the_new_one_is_imported(
    tmp_path: Path, context: Context, cli: FakeCli
) -> None:
    heard = Heard()
    take_over(context, say=heard)

    assert [call.split()[:2] for call in cli.calls] == [["stack", "export"], ["stack", "export"], ["stack", "import"]]
    (path,) = kept(context)
    assert f"kept as '{path}'" in heard.text
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text())["deployment"]["resources"][0] == EARLIER[0]
    assert imported(tmp_path)["version"] == 3


def test_the_identity_is_that_of_the_objects_on_the_engine(tmp_path: Path, context: Context, cli: FakeCli) -> None:
    take_over(context, say=Heard())

    assert cli.calls
    found = {one["type"]: one["id"] for one in imported(tmp_path)["deployment"]["resources"] if "id" in one}
    assert found["ml-workspace:guards:StackIdentity"] == labels.earlier_identity(FOUND)
    assert known_stacks.find("dev", backend=os.environ["PULUMI_BACKEND_URL"]) == labels.earlier_identity(FOUND)


@pytest.mark.usefixtures("cli")
def test_ports_and_subnet_stay_the_stacks(context: Context) -> None:
    for what in ("ports", "subnets"):
        with claims.open_claims(what) as held:
            held |= {"0123/dev": what, "0123/other": "not ours"}

    take_over(context, say=Heard())

    for what in ("ports", "subnets"):
        assert claims.read_claims(what) == {labels.earlier_identity(FOUND): what, "0123/other": "not ours"}


def test_a_state_of_this_version_is_left_alone(context: Context, cli: FakeCli) -> None:
    write(context.state_file, a_state())
    take_over(context, say=Heard())
    assert cli.calls == []


def test_nothing_is_written_when_the_secrets_cannot_be_read(context: Context, cli: FakeCli) -> None:
    cli.fails("error: no such thing")
    with pytest.raises(OperationFailedError):
        take_over(context, say=Heard())
    assert kept(context) == []


def test_objects_of_two_stacks_are_refused(tmp_path: Path, context: Context, cli: FakeCli) -> None:
    exported = json.loads((tmp_path / "exported.json").read_text())
    volume = next(one for one in exported["deployment"]["resources"] if one["type"].endswith(":Volume"))
    other = json.loads(json.dumps(volume).replace('"0123"', '"4567"'))
    exported["deployment"]["resources"].append(other)
    write(tmp_path / "exported.json", json.dumps(exported).encode())

    with pytest.raises(EarlierVersionError, match="name more than one stack"):
        take_over(context, say=Heard())

    assert kept(context) == []
    assert len(cli.calls) == 1
