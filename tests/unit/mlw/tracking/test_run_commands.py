"""`mlw run list`, `show`, `compare`, `download`, `delete`, `restore`, and `mlw experiment`."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlw.command import Command
from mlw.command_table import COMMANDS
from mlw.main import main
from mlw.tracking.stored_snapshots import TAG
from tests.support.fake_tracking import FakeTracking, run_document
from tests.support.insights_rows import EVIL
from tests.unit.mlw.tracking.conftest import FIRST, SECOND


def mlw(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_runs_are_a_table_with_chosen_columns(tracking: FakeTracking, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "list", "dev", "--sort", "loss:desc", "--column", "loss", "--column", "params.depth")
    code, out, _ = mlw(capsys, *words)

    assert (code, out.splitlines()[0].split()[-2:]) == (0, ["loss", "params.depth"])
    assert [line.split()[-2:] for line in out.splitlines()[1:]] == [["0.5", "3"], ["0.25", "9"]]
    assert tracking.last_search["order_by"] == ["metrics.`loss` DESC", "attributes.`start_time` DESC"]


def test_runs_as_data_have_numbers_and_text_for_what_json_lacks(
    tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = mlw(capsys, "run", "list", "dev", "-o", "json", "--query", "[].metrics")

    assert (code, json.loads(out)) == (0, [{"loss": 0.5, "odd": "NaN"}, {"loss": 0.25}])


def test_a_run_is_shown_with_its_metrics_over_steps(tracking: FakeTracking, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = mlw(capsys, "run", "show", "dev", "deeper")

    assert code == 0
    assert "loss    0.25    0.25        1       3  █▃▁" in out
    assert [line.split() for line in out.splitlines() if line.startswith(("commit", "dirty", "team", "models"))] == [
        ["commit", "c0ffee"], ["dirty", "True"], ["models", "model"], ["team", "blue"],
    ]  # fmt: skip


def test_text_of_other_people_does_not_control_the_terminal(
    tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    tracking.add(run_document("c" * 32, f"x\x1b[31m\n{EVIL}", params={"p": "a\x07b\nc"}))

    _, out, _ = mlw(capsys, "run", "show", "dev", "c" * 32)

    assert not {"\x1b", "\x07"} & set(out)
    assert f"x?[31m {EVIL}" in out


def test_a_comparison_shows_what_differs(tracking: FakeTracking, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = mlw(capsys, "run", "compare", "dev", "base", SECOND[:8])

    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}
    assert (rows["params.depth"], rows["loss"]) == (["3", "9"], ["0.5", "█▃▁", "0.25", "█▃▁"])
    assert "params.seed" not in rows
    assert "The same in all runs: 1 of the parameters" in out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run show dev deepr", "no such run. Did you mean 'deeper'?"),
        (f"run show dev {'b' * 31}c", f"no such run. Did you mean '{SECOND}'"),
        ("run list dev --experiment-name chrn", "no such experiment. Did you mean 'churn'?"),
        ("run list dev --sort params.", "sorting by 'params.': not an order."),
        ("run download dev base --snapshot", "it has none. `mlw run STACK -- COMMAND` stores one"),
        ("run download dev deeper --artifact-path plot", "looking for artifact 'plot': no such file or folder."),
    ],
)
def test_a_wrong_name_is_one_message(
    line: str, message: str, tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = mlw(capsys, *line.split())

    assert (code, out, error.count("\n")) == (1, "", 1)
    assert message in error


def test_several_runs_of_one_name_are_listed(tracking: FakeTracking, capsys: pytest.CaptureFixture[str]) -> None:
    tracking.add(run_document("c" * 32, "base"))

    _, _, error = mlw(capsys, "run", "show", "dev", "base")

    assert f"2 runs have this name: {FIRST}, {'c' * 32}. Use the id of one of them." in error


def test_artifacts_and_models_are_downloaded_and_kept(
    tracking: FakeTracking, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("run", "download", "dev", "deeper", "-p", str(tmp_path / "out"))
    first, _, _ = mlw(capsys, *words)
    (tmp_path / "out" / SECOND / "conf.json").write_text("mine", encoding="utf-8")
    again, _, error = mlw(capsys, *words)

    root = tmp_path / "out" / SECOND
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert found == ["conf.json", "models/m-9/MLmodel", "plots/loss.svg"]
    assert (first, again, (root / "conf.json").read_text(encoding="utf-8")) == (0, 1, "mine")
    assert "exists. Choose another folder with --download-path, or replace files with --overwrite." in error
    assert mlw(capsys, *words, "--overwrite")[0] == 0


def test_an_artifact_that_leads_out_of_the_folder_stops_the_download(
    tracking: FakeTracking, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tracking.files[f"1/{SECOND}/artifacts/../../../evil"] = b"x"

    code, _, error = mlw(capsys, "run", "download", "dev", "deeper", "-p", str(tmp_path / "out"))

    assert (code, "leads out of the folder" in error, (tmp_path / "out").exists()) == (1, True, False)


def test_deleting_asks_and_needs_a_terminal(tracking: FakeTracking, capsys: pytest.CaptureFixture[str]) -> None:
    refused, _, error = mlw(capsys, "run", "delete", "dev", "base")
    done, out, _ = mlw(capsys, "run", "delete", "dev", "base", "deeper", "--yes")
    restored, _, _ = mlw(capsys, "run", "restore", "dev", "base")

    assert (refused, done, restored) == (2, 0, 0)
    assert "use --yes" in error
    assert out.count("Deleted: run ") == 2
    assert [(path, body["run_id"]) for path, body in tracking.sent] == [
        ("POST runs/delete", FIRST), ("POST runs/delete", SECOND), ("POST runs/restore", FIRST),
    ]  # fmt: skip


@pytest.mark.parametrize("answer", [True, False], ids=["yes", "no"])
def test_on_a_terminal_the_answer_decides(
    answer: bool,  # noqa: FBT001 - a column of the table
    tracking: FakeTracking,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("click.confirm", lambda *_question, **_options: answer)

    code, _, error = mlw(capsys, "experiment", "delete", "dev", "churn")

    assert (code, len(tracking.sent), error) == ((0, 1, "") if answer else (1, 0, "Nothing was deleted.\n"))


CHANGES = {
    "experiment delete": "experiments/delete",
    "experiment restore": "experiments/write",
    "run delete": "runs/delete",
    "run restore": "runs/write",
    "model create": "models/write",
    "model register": "models/write",
    "model archive": "models/write",
    "model restore": "models/write",
    "model delete": "models/delete",
}


def test_every_command_that_changes_something_is_recorded() -> None:
    groups = ("experiment ", "run ", "model ")
    recorded = {
        row.path: found.records.operation.removeprefix("Microsoft.MachineLearningServices/workspaces/")
        for row in COMMANDS
        if row.path.startswith(groups) and isinstance(found := row.load(), Command) and found.records
    }

    assert recorded == CHANGES


def test_the_snapshot_needs_the_tag_to_be_a_hash(tracking: FakeTracking, capsys: pytest.CaptureFixture[str]) -> None:
    tracking.runs[FIRST]["data"]["tags"] = [{"key": TAG, "value": "../principals"}]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlw.tracking.storage_rights.storage_connection", lambda *_: None)
        patch.setattr("mlw.tracking.stored_snapshots.container_of", lambda _: "blobs")
        code, _, error = mlw(capsys, "run", "download", "dev", "base", "--snapshot")

    assert (code, "not the hash of a snapshot" in error) == (1, True)


def test_experiments_are_listed_shown_deleted_and_restored(
    tracking: FakeTracking, capsys: pytest.CaptureFixture[str]
) -> None:
    _, listed, _ = mlw(capsys, "experiment", "list", "dev", "--query", "[].name", "-o", "tsv")
    _, shown, _ = mlw(capsys, "experiment", "show", "dev", "1", "-o", "json", "--query", "lastRuns[].displayName")
    _, deleted, _ = mlw(capsys, "experiment", "delete", "dev", "churn", "--yes")
    mlw(capsys, "experiment", "restore", "dev", "churn")

    assert (listed.split(), json.loads(shown)) == (["Default", "churn"], ["base", "deeper"])
    assert deleted == "Deleted: experiment 'churn'. `mlw experiment restore` restores it.\n"
    assert [path for path, _ in tracking.sent] == ["POST experiments/delete", "POST experiments/restore"]
