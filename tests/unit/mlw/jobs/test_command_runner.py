"""The runner against fakes of its ports: what a job gets, what is stored, and how it ends."""

import re
import threading
from dataclasses import replace

import pytest

from infra.errors import EngineError, ServiceError, ServiceUnreachableError
from mlw.jobs import login_renewal, patience
from mlw.jobs.command_jobs import BlobLocation, CommandJob, JobInput, JobOutput, Limits
from mlw.jobs.dispatcher import JobStop
from mlw.jobs.job_errors import ComputeRightsError
from mlw.jobs.job_state import JobState, now
from mlw.jobs.job_status import JobStatus
from mlw.jobs.ports import ContainerPlan, ContainerState, JobRights, SourceFile, TrackedRun
from tests.support.fake_jobs import Command, FakeContainer, FakeWorkspace, canceled

JOB = CommandJob(
    name="j", command="python train.py ${{inputs.depth}}", inputs={"depth": JobInput(type="integer", value="5")}
)
WORKING = "cr/j/j/exe/wd"
DATA = "cr/j/j/cap/data-capability/wd"


@pytest.fixture
def world() -> FakeWorkspace:
    return FakeWorkspace()


def _shows(seen: dict[str, bytes]) -> Command:
    def command(container: FakeContainer) -> None:
        seen.update(container.files)
        container.exit()

    return command


def test_a_job_goes_through_azures_statuses_and_leaves_nothing_on_the_engine(world: FakeWorkspace) -> None:
    done = world.runner.run(JOB, JobStop())

    assert world.store.history == [
        JobStatus.PREPARING, JobStatus.RUNNING, JobStatus.FINALIZING, JobStatus.FINALIZING, JobStatus.COMPLETED
    ]  # fmt: skip
    assert (done.status, done.exit_code, done.run_id, done.error) == (JobStatus.COMPLETED, 0, "run-j", "")
    assert world.engine.containers == {}
    assert world.tracking.ended == {"run-j": JobStatus.COMPLETED}
    assert world.store.logs["j"].is_closed


def test_secrets_are_in_a_file_of_the_volume_and_not_in_the_definition(world: FakeWorkspace) -> None:
    seen: dict[str, bytes] = {}
    modes: dict[str, int] = {}

    def command(container: FakeContainer) -> None:
        modes.update(container.modes)
        _shows(seen)(container)

    world.engine.command = command

    world.runner.run(JOB, JobStop())

    plan = world.engine.plans[0]
    assert "it's" not in str(plan)
    assert modes[".job/variables"] == 0o600
    assert b"""export SECRET='it'"'"'s'""" in seen[".job/variables"]
    assert seen[".job/command"] == b"python train.py 5"
    assert (plan.image, plan.networks, plan.memory_mib) == ("image", ("net",), 512)


def test_code_and_inputs_are_there_before_the_command_starts(world: FakeWorkspace) -> None:
    world.store.snapshots["hash"] = {"train.py": b"code"}
    world.store.blobs = {"data/a.csv": b"1", "data/sub/b.csv": b"2", "one/model.pkl": b"3"}
    inputs = {
        "table": JobInput(type="uri_folder", location=BlobLocation(container="c", name="data", asset="t:1")),
        "model": JobInput(type="uri_file", location=BlobLocation(container="c", name="one/model.pkl", is_folder=False)),
        "named": JobInput(type="uri_folder", location=BlobLocation(container="c", name="one"), folder="churn"),
    }
    command = "run ${{inputs.table}} ${{inputs.model}} ${{inputs.named}}"
    seen: dict[str, bytes] = {}
    world.engine.command = _shows(seen)

    world.runner.run(replace(JOB, code="hash", inputs=inputs, command=command), JobStop())

    assert {name: seen[name] for name in seen if not name.startswith(".job")} == {
        f"{WORKING}/train.py": b"code",
        f"{DATA}/INPUT_table/a.csv": b"1",
        f"{DATA}/INPUT_table/sub/b.csv": b"2",
        f"{DATA}/INPUT_model/model.pkl": b"3",
        f"{DATA}/INPUT_named/churn/model.pkl": b"3",
    }
    places = ("INPUT_table", "INPUT_model/model.pkl", "INPUT_named")
    assert seen[".job/command"].decode() == " ".join(["run", *(f"/mnt/azureml/{DATA}/{one}" for one in places)])
    assert world.store.used == ["t:1"]


def _writes(*names: str, code: int = 0) -> Command:
    def command(container: FakeContainer) -> None:
        container.files |= {name: name.encode() for name in names}
        container.exit(code)

    return command


@pytest.mark.parametrize("code", [0, 3], ids=["completed", "failed"])
def test_outputs_and_default_artifacts_are_stored_whatever_the_exit_code(world: FakeWorkspace, code: int) -> None:
    world.engine.command = _writes(
        f"{WORKING}/outputs/m.pkl", f"{WORKING}/logs/l.txt", f"{WORKING}/other", f"{DATA}/model/sub/w.bin", code=code
    )

    done = world.runner.run(replace(JOB, outputs={"model": JobOutput()}), JobStop())

    assert set(world.store.artifacts) == {"j/outputs/m.pkl", "j/logs/l.txt"}
    assert set(world.store.outputs) == {"azureml/j/model/sub/w.bin"}
    assert done.outputs == {"model": BlobLocation(container="blobs", name="azureml/j/model")}


def test_a_single_file_is_stored_at_its_location_and_registered(world: FakeWorkspace) -> None:
    place = BlobLocation(container="c", name="models/m.pkl", is_folder=False)
    world.engine.command = _writes(f"{DATA}/model/m.pkl")

    done = world.runner.run(
        replace(JOB, outputs={"model": JobOutput(type="uri_file", location=place, asset="best")}), JobStop()
    )

    assert set(world.store.outputs) == {"models/m.pkl"}
    assert (world.store.registered, done.outputs["model"].asset) == (["best"], "best")


@pytest.mark.parametrize(
    ("code", "output", "changed", "message"),
    [
        (3, b"Traceback\nValueError: bad\n", {}, r"exited with code 3\. The end of its log:\n.*ValueError: bad"),
        (137, b"", {"is_out_of_memory": True, "memory_mib": 512}, r"out of memory: .* limit of 512 MiB"),
        (1, b"OSError: [Errno 28] No space left on device", {}, r"disk full: .* code 1"),
        (1, b"fork: Resource temporarily unavailable", {}, r"too many processes: .* 4096"),
        (137, b"", {}, r"ended by SIGKILL \(exit code 137\), not by a request"),
        (127, b"nopython: not found", {}, r"could not be executed \(exit code 127\)"),
    ],
    ids=["code", "memory", "disk", "forks", "killed", "not-found"],
)
def test_a_failure_says_why(
    world: FakeWorkspace, code: int, output: bytes, changed: dict[str, object], message: str
) -> None:
    def command(container: FakeContainer) -> None:
        container.output.append(output)
        container.exit(code, **changed)

    world.engine.command = command

    done = world.runner.run(JOB, JobStop())

    assert done.status is JobStatus.FAILED
    assert re.search(message, done.error, re.DOTALL)
    assert "The end of its log" not in world.store.logs["j"].content.decode(), "the log is above it"


def test_a_canceled_job_gets_sigterm_and_keeps_what_it_wrote(world: FakeWorkspace) -> None:
    stop = JobStop()

    def command(container: FakeContainer) -> None:
        container.files[f"{WORKING}/outputs/part.txt"] = b"x"
        stop.set("canceled by a request")

    world.engine.command = command

    done = world.runner.run(JOB, stop)

    assert (done.status, done.error) == (JobStatus.CANCELED, "canceled by a request")
    assert set(world.store.artifacts) == {"j/outputs/part.txt"}
    assert world.tracking.ended == {"run-j": JobStatus.CANCELED}


def test_a_job_that_ignores_sigterm_is_killed(world: FakeWorkspace) -> None:
    stop = JobStop()
    signals: list[str] = []

    def on_signal(container: FakeContainer, signal: str) -> None:
        signals.append(signal)
        if signal == "SIGKILL":
            container.exit(137)

    world.engine.command = lambda _container: stop.set("canceled by a request")
    world.engine.on_signal = on_signal

    done = world.runner.run(JOB, stop)

    assert signals == ["SIGTERM", "SIGKILL"]
    assert done.error == "canceled by a request; it did not end within 0.3 s of SIGTERM and was killed"


def test_a_timeout_cancels_as_in_azure(world: FakeWorkspace) -> None:
    world.engine.command = lambda _container: None

    done = world.runner.run(replace(JOB, limits=Limits(timeout_seconds=1)), JobStop())

    assert (done.status, done.error) == (
        JobStatus.CANCELED, "the command ran longer than `limits.timeout`, 1 s"
    )  # fmt: skip


def test_a_job_that_is_canceled_before_it_starts_never_starts(world: FakeWorkspace) -> None:
    done = world.runner.run(JOB, canceled())

    assert done.status is JobStatus.CANCELED
    assert world.engine.plans == []


def test_a_failed_preparation_is_a_failed_job_with_the_reason(world: FakeWorkspace) -> None:
    done = world.runner.run(replace(JOB, command="${{inputs.nothing}}"), JobStop())

    assert done.status is JobStatus.FAILED
    assert "the job has no such input" in done.error
    assert world.engine.containers == {}


def _defect(container: FakeContainer) -> None:
    container.files.pop("missing")


def test_a_defect_ends_the_job_and_is_reported(world: FakeWorkspace) -> None:
    world.engine.command = _defect

    done = world.runner.run(JOB, JobStop())

    assert (done.status, done.error) == (JobStatus.FAILED, "running the job: KeyError: 'missing'")
    assert "Traceback" in world.reports[0]


def started(world: FakeWorkspace, **state: object) -> FakeContainer:
    """What a killed runner left: a container whose command was started, and the state that it wrote last."""
    world.engine.create(ContainerPlan(job="j", root="j", image="image", command=("x",)))
    container = world.engine.containers["j"]
    container.state = ContainerState(status="running", was_started=True)
    world.store.states["j"] = JobState(status=JobStatus.RUNNING, started=now(), run_id="run-j", **state)  # type: ignore[arg-type]
    return container


def test_a_running_command_is_followed_again_after_a_crash(world: FakeWorkspace) -> None:
    container = started(world)
    container.output.append(b"hello\n")
    threading.Timer(0.2, container.exit).start()

    done = world.runner.run(JOB, JobStop())

    assert (done.status, world.tracking.started) == (JobStatus.COMPLETED, [])
    assert world.store.logs["j"].content == b"hello\n"


def test_results_of_a_command_that_ended_meanwhile_are_stored(world: FakeWorkspace) -> None:
    container = started(world)
    container.files[f"{WORKING}/outputs/m.pkl"] = b"m"
    container.exit(4)

    done = world.runner.run(JOB, JobStop())

    assert (done.status, done.exit_code, set(world.store.artifacts)) == (JobStatus.FAILED, 4, {"j/outputs/m.pkl"})


def test_a_job_that_was_being_prepared_is_prepared_again(world: FakeWorkspace) -> None:
    world.engine.create(ContainerPlan(job="j", root="j", image="image", command=("x",)))
    world.store.states["j"] = JobState(status=JobStatus.PREPARING, run_id="run-j", experiment_id="1")

    done = world.runner.run(JOB, JobStop())

    assert (done.status, world.engine.removed, world.tracking.started) == (JobStatus.COMPLETED, ["j", "j"], [])


def test_a_running_job_without_a_container_has_failed(world: FakeWorkspace) -> None:
    started(world)
    world.engine.containers.clear()

    done = world.runner.run(JOB, JobStop())

    assert done.status is JobStatus.FAILED
    assert "it was running and is not on the engine any more" in done.error


@pytest.mark.parametrize("is_there", [True, False], ids=["before the removal", "after it"])
def test_a_kill_when_the_result_is_stored_changes_no_result(world: FakeWorkspace, *, is_there: bool) -> None:
    started(world)
    if not is_there:
        world.engine.containers.clear()
    world.store.states["j"] = JobState(
        status=JobStatus.FINALIZING, exit_code=3, result="Failed", error="bad", run_id="run-j", started=now()
    )

    done = world.runner.run(JOB, JobStop())

    assert (done.status, done.exit_code, done.error) == (JobStatus.FAILED, 3, "bad")
    assert (world.store.history, world.store.logs) == ([JobStatus.FAILED], {}), "its log is stored already"
    assert (world.engine.containers, world.tracking.ended) == ({}, {"run-j": JobStatus.FAILED})


@pytest.mark.parametrize("stop", [JobStop(), canceled()], ids=["completed", "canceled"])
def test_a_job_that_has_ended_has_nothing_on_the_engine(
    world: FakeWorkspace, stop: JobStop, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = started(world)
    container.exit()
    left: list[tuple[JobStatus, bool]] = []
    write = world.store.write_state

    def write_state(job: str, state: JobState) -> None:
        left.append((state.status, job in world.engine.containers))
        write(job, state)

    monkeypatch.setattr(world.store, "write_state", write_state)

    done = world.runner.run(JOB, stop)

    assert left == [(JobStatus.FINALIZING, True), (JobStatus.FINALIZING, True), (done.status, False)]


def test_an_engine_that_does_not_remove_a_container_is_asked_again_and_delays_no_result(
    world: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_job: str) -> None:
        raise EngineError("away")

    started(world).exit(2)
    with monkeypatch.context() as patched:
        patched.setattr(world.engine, "remove", fail)
        with pytest.raises(EngineError, match="away"):
            world.runner.run(JOB, JobStop())
    assert world.store.states["j"].status is JobStatus.FAILED

    done = world.runner.run(JOB, JobStop())

    assert (done.exit_code, world.engine.removed, world.store.history.count(JobStatus.FAILED)) == (2, ["j"], 1)


def test_an_engine_that_restarts_is_told_as_such_and_no_output_is_stored_twice(world: FakeWorkspace) -> None:
    world.engine.interruptions = 1

    def command(container: FakeContainer) -> None:
        container.output.append(b"one\n")
        threading.Timer(0.4, lambda: container.exit(137)).start()

    world.engine.command = command

    done = world.runner.run(JOB, JobStop())

    assert world.store.logs["j"].content.startswith(b"one\nmlw: ")
    assert "the engine stopped while the command ran" in done.error


def _end(container: FakeContainer, *output: bytes) -> None:
    container.output[:] = output
    container.exit()


def test_output_that_the_engine_does_not_send_while_it_is_followed_is_stored(world: FakeWorkspace) -> None:
    def command(container: FakeContainer) -> None:
        container.output.append(b"one\n")
        threading.Timer(0.2, _end, [container, b"one\n", b"two\n"]).start()

    world.engine.command = command

    assert world.runner.run(JOB, JobStop()).status is JobStatus.COMPLETED
    assert world.store.logs["j"].content == b"one\ntwo\n"


def test_output_that_the_engine_drops_before_it_is_read_is_told(world: FakeWorkspace) -> None:
    def command(container: FakeContainer) -> None:
        container.output += [b"one\n", b"two\n"]
        threading.Timer(0.2, _end, [container, b"last\n"]).start()

    world.engine.command = command

    assert world.runner.run(JOB, JobStop()).status is JobStatus.COMPLETED
    first, told, last = (
        world.store.logs["j"]
        .content.decode()
        .partition("mlw: output is missing here: the engine dropped it before it was read\n")
    )
    assert (first, bool(told), last) == ("one\ntwo\n", True, "last\n")


def test_a_log_that_is_full_is_not_read_on_and_gets_its_end(world: FakeWorkspace) -> None:
    def command(container: FakeContainer) -> None:
        world.store.logs["j"].room = 6
        container.output += [b"first\n", b"second\n", b"third\n", b"and last\n"]
        container.exit()

    world.engine.command = command

    done = world.runner.run(JOB, JobStop())

    assert done.status is JobStatus.COMPLETED
    assert world.store.logs["j"].content == b"first\n...\nand last\n"


def test_a_storage_account_that_restarts_loses_no_result(world: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_PAUSE_SECONDS", 0.0)
    world.engine.command = _writes(f"{WORKING}/outputs/m.pkl")
    world.store.failures = [ServiceUnreachableError("gone"), ServiceUnreachableError("gone")]

    done = world.runner.run(JOB, JobStop())

    assert (done.status, set(world.store.artifacts)) == (JobStatus.COMPLETED, {"j/outputs/m.pkl"})


def test_the_image_is_provided_while_run_and_rights_are(world: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)
    rights_of = world.access.rights_of

    def wait() -> None:
        both.wait()

    def meanwhile(job: CommandJob, run: TrackedRun) -> JobRights:
        both.wait()
        return rights_of(job, run)

    world.images.on_image = wait
    monkeypatch.setattr(world.access, "rights_of", meanwhile)

    assert world.runner.run(JOB, JobStop()).status is JobStatus.COMPLETED


@pytest.mark.parametrize("error", [ServiceError("no image"), ValueError("no image")], ids=["told", "defect"])
def test_an_image_that_cannot_be_provided_fails_the_job(world: FakeWorkspace, error: Exception) -> None:
    def fail() -> None:
        raise error

    world.images.on_image = fail

    done = world.runner.run(JOB, JobStop())

    assert (done.status, done.exit_code, "no image" in done.error) == (JobStatus.FAILED, None, True)
    assert world.engine.containers == {}


def test_credentials_that_were_replaced_meanwhile_are_read_again(world: FakeWorkspace) -> None:
    world.engine.command = _writes(f"{WORKING}/outputs/m.pkl")
    world.store.failures = [ComputeRightsError("storing 'outputs/m.pkl': InvalidAccessKeyId.")]

    done = world.runner.run(JOB, JobStop())

    assert (done.status, world.access.forgotten) == (JobStatus.COMPLETED, ["local"])
    assert set(world.store.artifacts) == {"j/outputs/m.pkl"}


def test_a_compute_without_rights_fails_its_job(world: FakeWorkspace) -> None:
    world.engine.command = _writes(f"{WORKING}/outputs/m.pkl")
    world.store.failures = [ComputeRightsError("storing 'outputs/m.pkl': it may not.")] * 2

    done = world.runner.run(JOB, JobStop())

    assert (done.status, done.error) == (JobStatus.FAILED, "storing 'outputs/m.pkl': it may not.")


def test_the_login_of_a_job_is_extended_with_the_token_that_it_has(
    world: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_renewal, "SECONDS", 0.0)
    renewed = threading.Event()
    token = SourceFile(name=".job/vault-token", content=(b"the-token",))
    world.access.rights = replace(world.access.rights, files=(token,))
    world.access.on_extend = renewed.set

    def end(container: FakeContainer) -> None:
        renewed.wait(10)
        container.exit()

    world.engine.command = lambda container: threading.Thread(target=end, args=(container,)).start()

    world.runner.run(JOB, JobStop())

    assert world.access.extended[0] == ("j", "the-token")


def test_results_that_cannot_be_stored_fail_the_job(world: FakeWorkspace) -> None:
    world.engine.command = _writes(f"{WORKING}/outputs/m.pkl")
    world.store.failures = [ServiceError("storing 'outputs/m.pkl': XMinioStorageFull.")]

    done = world.runner.run(JOB, JobStop())

    assert (done.status, done.error) == (JobStatus.FAILED, "storing 'outputs/m.pkl': XMinioStorageFull.")


def test_why_a_command_failed_is_said_before_why_its_results_could_not_be_read(
    world: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_job: str, _folder: str) -> None:
        raise EngineError("reading files of the container of job 'j': it is being removed.")

    world.engine.command = lambda container: container.exit(137)
    monkeypatch.setattr(world.engine, "take", refuse)

    done = world.runner.run(JOB, JobStop())

    assert done.status is JobStatus.FAILED
    assert "SIGKILL" in done.error.splitlines()[0]
    assert done.error.endswith("it is being removed.")


def test_what_a_job_used_is_noted_before_its_container_is_removed(world: FakeWorkspace) -> None:
    world.engine.command = lambda container: container.exit(cpus=2.0, memory_mib=512, ended_at="2026-11-30T10:00:00Z")

    world.runner.run(JOB, JobStop())

    [(name, container)] = world.noted
    assert (name, container.cpus, container.memory_mib, container.ended_at) == ("j", 2.0, 512, "2026-11-30T10:00:00Z")
    assert world.engine.removed[-1] == "j"


def test_a_job_whose_use_cannot_be_noted_ends_as_it_would(world: FakeWorkspace) -> None:
    def fail(_job: CommandJob, _container: ContainerState) -> None:
        raise OSError(28, "No space left on device")

    done = replace(world.runner, note_usage=fail).run(JOB, JobStop())

    assert done.status is JobStatus.COMPLETED
    assert "No space left on device" in world.reports[-1]
    assert world.engine.containers == {}
