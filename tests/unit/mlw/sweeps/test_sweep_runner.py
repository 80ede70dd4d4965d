"""Sweep jobs from the file to the end, with fakes of what is outside."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent import futures
from typing import Any

import pytest

from infra.errors import ServiceUnreachableError
from mlw.jobs.command_jobs import CommandJob, Stop
from mlw.jobs.dispatcher import JobStop
from mlw.jobs.job_status import JobStatus
from mlw.sweeps import sweep_runner
from mlw.sweeps.early_termination import Policy
from mlw.sweeps.sweep_text import trials_text
from mlw.sweeps.trials import read_trials
from tests.support.fake_jobs import canceled
from tests.support.pipeline_runs import NeverStopped
from tests.support.sweep_runs import NAME, FakeTrials, parameters


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_runner, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(sweep_runner, "LOOK_SECONDS", 0.0)


def statuses(trials: FakeTrials) -> list[str]:
    return [str(state.status) for _, state in read_trials(trials.records, NAME)]


def test_the_best_trial_gives_the_sweep_its_outputs_and_properties() -> None:
    trials = FakeTrials()
    trials.submit()

    done = trials.carry_out(NeverStopped())

    found = [trial for trial, _ in read_trials(trials.records, NAME)]
    best = min(found, key=lambda one: one.score or 0)
    assert [one.score for one in found] == [one.point.parameters["lr"] for one in found]
    assert (done.status, done.error, len(found)) == (JobStatus.COMPLETED, "", 6)
    assert done.properties == {
        "best_child_run_id": best.job.name, "score": repr(best.score), "best_metric_status": "Succeeded",
    }  # fmt: skip
    assert done.outputs["model"].name == f"{best.job.name}/model"
    assert trials.tags["run-tune"]["best_child_run_id"] == f"run-{best.job.name}"
    assert trials.parameters[f"run-{best.job.name}"] == {"lr": str(best.score)}


@pytest.mark.parametrize(("at_once", "nodes"), [(2, 4), (4, 2)], ids=["file", "compute"])
def test_no_more_trials_run_than_the_file_and_the_compute_allow(
    monkeypatch: pytest.MonkeyPatch, at_once: int, nodes: int
) -> None:
    two_run, running, wait = threading.Barrier(2, timeout=20), list[int](), futures.wait

    def command(trials: FakeTrials, job: CommandJob, _stop: Stop) -> str:
        two_run.wait()
        return trials.report(job, 1.0)

    def noted(given: Collection[Any], **over: Any) -> Any:  # noqa: ANN401 - as the real one
        running.append(len(given))
        return wait(given, **over)

    monkeypatch.setattr(sweep_runner, "wait", noted)
    trials = FakeTrials(command=command, nodes=nodes)
    trials.submit(limits={"max_total_trials": 6, "max_concurrent_trials": at_once})

    trials.carry_out(NeverStopped())

    assert (max(running), trials.most, len(trials.ran)) == (2, 2, 6)


def test_a_failed_trial_does_not_fail_the_sweep_and_the_others_say_what_is_wrong_if_all_fail() -> None:
    def one(trials: FakeTrials, job: CommandJob, _stop: Stop) -> str:
        is_bad = job.name == "tune_1"
        trials.report(job, 0.5 if is_bad else 1.0)
        return "exit code 3" if is_bad else ""

    some, every = FakeTrials(command=one), FakeTrials(command=lambda _trials, _job, _stop: "exit code 3")
    some.submit()
    every.submit()

    done = some.carry_out(NeverStopped())
    assert (done.status, done.properties["best_child_run_id"]) == (JobStatus.COMPLETED, "tune_0")
    assert statuses(some).count("Failed") == 1
    done = every.carry_out(NeverStopped())
    assert (done.status, done.error) == (JobStatus.FAILED, "none of 6 trials completed:\nexit code 3")


def test_a_metric_that_nothing_logs_is_named() -> None:
    trials = FakeTrials(command=lambda _trials, _job, _stop: "")
    trials.submit()

    done = trials.carry_out(NeverStopped())

    assert done.status is JobStatus.FAILED
    assert "no trial logged the metric 'loss'" in done.error
    assert b"no 'loss' logged; metrics: other" in trials.store.logs[NAME].content


def test_a_sweep_whose_runner_was_killed_continues_and_loses_no_trial() -> None:
    killed = threading.Event()

    def die(trials: FakeTrials, job: CommandJob, _stop: Stop) -> str:
        if job.name == "tune_3":
            killed.set()
            raise KeyboardInterrupt
        return trials.report(job, parameters(job)["lr"])

    trials = FakeTrials(command=die)
    trials.submit(limits={"max_total_trials": 6, "max_concurrent_trials": 1})
    with pytest.raises(KeyboardInterrupt):
        trials.carry_out(NeverStopped())
    chosen = [one.point for one, _ in read_trials(trials.records, NAME)]
    trials.command = FakeTrials.command

    trials.carry_out(NeverStopped())

    after = [one.point for one, _ in read_trials(trials.records, NAME)]
    assert (killed.is_set(), len(chosen), after[:4]) == (True, 4, chosen)
    assert trials.ran == [f"tune_{number}" for number in (0, 1, 2, 3, 3, 4, 5)]
    assert len(set(map(repr, after))) == 6


def test_a_request_cancels_the_trials() -> None:
    trials, stop = FakeTrials(), JobStop()

    def wait(_trials: FakeTrials, _job: CommandJob, own: Stop) -> str:
        stop.set("canceled by a request")
        return "" if own.wait(20) else "not canceled"

    trials.command = wait
    trials.submit()

    done = trials.carry_out(stop)

    assert (done.status, done.error) == (JobStatus.CANCELED, "canceled by a request")
    assert set(statuses(trials)) == {"Canceled"}


def test_a_single_trial_can_be_canceled_and_the_others_go_their_way() -> None:
    def command(trials: FakeTrials, job: CommandJob, own: Stop) -> str:
        if job.name != "tune_0":
            return trials.report(job, 1.0)
        trials.records.request_cancel("tune_0")
        return "" if own.wait(20) else "not canceled"

    trials = FakeTrials(command=command)
    trials.submit()

    done = trials.carry_out(NeverStopped())

    assert (done.status, statuses(trials)) == (JobStatus.COMPLETED, ["Canceled", *["Completed"] * 5])
    assert trials.records.cancels() == set()


def test_a_canceled_sweep_starts_no_trial() -> None:
    trials = FakeTrials()
    trials.submit()

    assert trials.carry_out(canceled()).status is JobStatus.CANCELED
    assert trials.ran == []


def test_the_time_limit_ends_the_sweep_and_keeps_the_best_trial() -> None:
    def slow(trials: FakeTrials, job: CommandJob, stop: Stop) -> str:
        trials.report(job, 1.0)
        return "" if job.name == "tune_0" or stop.wait(20) else "not canceled"

    trials = FakeTrials(command=slow)
    trials.submit(limits={"max_total_trials": 6, "max_concurrent_trials": 1, "timeout": 1})

    done = trials.carry_out(NeverStopped())

    assert (done.status, done.error) == (JobStatus.CANCELED, "the sweep reached its limits.timeout of 1 s")
    assert (statuses(trials), done.properties["best_child_run_id"]) == (["Completed", "Canceled"], "tune_0")


@pytest.mark.parametrize("is_last", [False, True], ids=["before", "after"])
def test_a_trial_that_is_much_worse_is_ended_and_its_score_counts(
    monkeypatch: pytest.MonkeyPatch, *, is_last: bool
) -> None:
    """The better one comes as far before or after the worse one was looked at: on a busy machine it may start late."""
    worse, looked, due = threading.Event(), threading.Event(), Policy.due

    def noted(policy: Policy, reports: int) -> int:
        if reports:
            looked.set()
        return due(policy, reports)

    def command(trials: FakeTrials, job: CommandJob, stop: Stop) -> str:
        if job.name == "tune_0":
            assert not is_last or looked.wait(20)
            trials.report(job, 0.1, 0.1)
            worse.wait(20)
            return ""
        trials.report(job, 0.9, 0.8)
        ended = stop.wait(20)
        worse.set()
        return "" if ended else "not ended"

    monkeypatch.setattr(Policy, "due", noted)
    trials = FakeTrials(command=command)
    trials.submit(
        limits={"max_total_trials": 2, "max_concurrent_trials": 2},
        early_termination={"type": "bandit", "slack_amount": 0.2, "evaluation_interval": 2},
    )

    done = trials.carry_out(NeverStopped())

    (_, _), (bad, state) = read_trials(trials.records, NAME)
    assert (str(state.status), bad.score) == ("Canceled", 0.8)
    assert state.error == "early termination (bandit): 0.8 at interval 2; the best trial allows 0.3"
    assert (done.status, done.properties["best_child_run_id"]) == (JobStatus.COMPLETED, "tune_0")


def test_an_output_with_a_path_and_a_name_is_copied_from_the_best_trial_and_registered() -> None:
    trials = FakeTrials(command=lambda trials, job, _stop: trials.report(job, 0.5))
    trials.submit(outputs={"model": {"path": "best", "name": "winner"}})
    trials.store.blobs["tune_0/model/weights"] = b"w"

    done = trials.carry_out(NeverStopped())

    assert (done.outputs["model"].name, done.outputs["model"].asset) == ("best", "winner")
    assert trials.store.outputs == {"best/weights": b"w"}


def test_a_tracking_server_that_does_not_respond_at_the_end_fails_no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = FakeTrials()
    trials.submit()

    def fail(_run: str, _tags: object) -> None:
        raise ServiceUnreachableError("tagging: no response")

    monkeypatch.setattr(trials, "tag", fail)

    assert trials.carry_out(NeverStopped()).status is JobStatus.COMPLETED
    assert trials.reported == ["tune: tagging: no response"]


def test_show_has_the_best_trial_and_the_objective_over_all_trials() -> None:
    trials = FakeTrials(command=lambda trials, job, _stop: trials.report(job, float(job.name[-1])))
    trials.submit()
    trials.carry_out(NeverStopped())

    lines = trials_text(trials.records, trials.records.read(NAME)).splitlines()

    assert lines[0] == "loss (lowest is best) of 6 of at most 6 trials  ▁▂▄▅▇█"
    assert lines[1].startswith("best trial: tune_0, loss 0, lr=0.")
    assert [line.split()[:3] for line in lines[-2:]] == [["tune_4", "Completed", "4"], ["tune_5", "Completed", "5"]]
