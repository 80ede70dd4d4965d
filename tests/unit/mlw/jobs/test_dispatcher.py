"""The queue against fakes: order, nodes, cancellation, what a killed runner left, memory."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from infra.errors import EngineUnreachableError
from mlw.jobs.command_jobs import CommandJob, Finished, Stop
from mlw.jobs.dispatcher import SHUTDOWN, Dispatcher, JobStop
from mlw.jobs.job_records import JobRecord, JobRecords
from mlw.jobs.job_state import JobState
from mlw.jobs.job_status import JobStatus
from mlw.jobs.nodes import Nodes
from mlw.jobs.ports import ContainerPlan
from mlw.jobs.queue_entries import QueueEntry
from tests.support.fake_jobs import FakeEngine
from tests.support.memory_documents import MemoryDocuments
from tests.support.probes import probe_until

NODES = {"cluster": 2, "local": 1}


@dataclass
class SlowRunner:
    """Notes when jobs start; each ends when the test says so, or at once."""

    is_instant: bool = True
    started: list[str] = field(default_factory=list)
    most: int = 0
    free: dict[str, threading.Event] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, job: CommandJob, stop: Stop) -> Finished:
        with self._lock:
            self.started.append(job.name)
            self._running += 1
            self.most = max(self.most, self._running)
            ended = self.free.setdefault(job.name, threading.Event())
        while not self.is_instant and not ended.is_set() and not stop.wait(0.01):
            pass
        self.reasons[job.name] = stop.reason
        with self._lock:
            self._running -= 1
        return Finished(status=JobStatus.COMPLETED)


@dataclass
class Queue:
    """A dispatcher with its records."""

    records: JobRecords
    runner: SlowRunner
    engine: FakeEngine
    dispatcher: Dispatcher

    def submit(self, name: str, *, rank: int = 1, compute: str = "cluster") -> None:
        command = CommandJob(name=name, command="x", compute=compute).as_json()
        self.records.submit(
            JobRecord(name=name, type="command", document={}, command=command, compute=compute, rank=rank)
        )

    @contextmanager
    def draining(self) -> Iterator[None]:
        thread = threading.Thread(target=self.dispatcher.drain, kwargs={"idle_seconds": 0.3})
        thread.start()
        try:
            yield
        finally:
            self.dispatcher.shut_down()
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture
def queue() -> Queue:
    records = JobRecords(MemoryDocuments(), "azureml")
    runner, engine = SlowRunner(), FakeEngine()
    dispatcher = Dispatcher(
        records=records,
        engine=engine,
        runner=runner,
        nodes=Nodes(NODES.__getitem__),
        parents={"pipeline": lambda _record, _entry, _stop: Finished(status=JobStatus.COMPLETED, run_id="p")},
    )
    return Queue(records, runner, engine, dispatcher)


def test_jobs_start_by_priority_and_then_in_the_order_of_submission(queue: Queue) -> None:
    for number, rank in enumerate([1, 2, 1, 0]):
        queue.submit(f"j{number}", rank=rank, compute="local")
        time.sleep(0.002)  # the order is that of milliseconds

    queue.dispatcher.drain(idle_seconds=0.3)

    assert queue.runner.started == ["j3", "j0", "j2", "j1"]
    assert queue.records.queue() == []


def test_no_more_jobs_run_than_the_compute_has_nodes(queue: Queue) -> None:
    queue.runner.is_instant = False
    for number in range(5):
        queue.submit(f"j{number}")
    queue.submit("other", compute="local")

    with queue.draining():
        probe_until(lambda: _require(len(queue.runner.started) == 3), what="two and one", timeout_seconds=10)
        queue.runner.free["j0"].set()
        probe_until(lambda: _require(len(queue.runner.started) == 4), what="the next one", timeout_seconds=10)

    assert (queue.runner.most, queue.runner.started[-1]) == (3, "j2")


def _require(condition: object) -> None:
    assert condition


def test_a_running_job_is_canceled_by_a_request(queue: Queue) -> None:
    queue.runner.is_instant = False
    queue.submit("j")

    with queue.draining():
        probe_until(lambda: _require(queue.runner.started == ["j"]), what="the job", timeout_seconds=10)
        queue.records.request_cancel("j")
        probe_until(lambda: _require(queue.records.queue() == []), what="its end", timeout_seconds=10)

    assert queue.runner.reasons == {"j": "canceled by a request"}
    assert queue.records.cancels() == set()


def test_a_waiting_job_is_canceled_without_a_node(queue: Queue) -> None:
    queue.runner.is_instant = False
    queue.submit("first", compute="local")
    queue.submit("second", compute="local")

    with queue.draining():
        probe_until(lambda: _require(queue.runner.started == ["first"]), what="the first", timeout_seconds=10)
        queue.records.request_cancel("second")
        probe_until(lambda: _require("second" in queue.runner.reasons), what="the second", timeout_seconds=10)

    assert queue.runner.reasons["second"] == "canceled by a request"


def test_jobs_are_canceled_when_the_workspace_is_taken_down(queue: Queue) -> None:
    queue.runner.is_instant = False
    queue.submit("j")

    with queue.draining():
        probe_until(lambda: _require(queue.runner.started == ["j"]), what="the job", timeout_seconds=10)

    assert queue.runner.reasons == {"j": SHUTDOWN}


def test_containers_of_jobs_that_have_ended_are_removed_and_others_are_not(queue: Queue) -> None:
    queue.submit("waiting")
    for job, root in (("waiting", "waiting"), ("step", "waiting"), ("done", "waiting"), ("ended", "ended")):
        queue.engine.create(ContainerPlan(job=job, root=root, image="i", command=("x",)))
    queue.records.write_state("done", JobState(status=JobStatus.COMPLETED))

    queue.dispatcher.reconcile()

    assert queue.engine.removed == ["done", "ended"]


def test_what_killed_jobs_left_on_attached_engines_is_removed_and_one_that_is_off_delays_nothing(queue: Queue) -> None:
    there, off = FakeEngine(), FakeEngine()
    reports: list[str] = []

    def jobs() -> dict[str, str]:
        raise EngineUnreachableError("it is off.")

    off.jobs = jobs  # type: ignore[method-assign]
    queue.submit("waits")
    for name in ("waits", "ended"):
        there.create(ContainerPlan(job=name, root=name, image="x", command=("x",)))
    queue.dispatcher.attached, queue.dispatcher.report = lambda: (off, there), reports.append

    queue.dispatcher.reconcile()

    probe_until(lambda: _require(there.removed == ["ended"]), what="the removal", timeout_seconds=10)
    probe_until(lambda: _require(any("it is off" in one for one in reports)), what="the report", timeout_seconds=10)


def test_jobs_of_low_priority_computes_wait_while_others_wait(queue: Queue) -> None:
    queue.dispatcher.yields = lambda compute: compute == "cluster"
    queue.runner.is_instant = False
    queue.submit("spot", compute="cluster")
    for name in ("first", "second"):
        queue.submit(name, compute="local")

    with queue.draining():
        probe_until(lambda: _require(queue.runner.started == ["first"]), what="the first", timeout_seconds=10)
        queue.runner.free["first"].set()
        probe_until(lambda: _require(len(queue.runner.started) == 3), what="the others", timeout_seconds=10)

    assert queue.runner.started == ["first", "second", "spot"]


def test_two_hundred_waiting_jobs_take_no_threads_and_end_in_order(queue: Queue) -> None:
    for number in range(200):
        queue.submit(f"j{number:03d}", compute="local")
    before, most = threading.active_count(), 0

    with queue.draining():
        while queue.records.queue():
            most = max(most, threading.active_count())
            time.sleep(0.01)  # samples the number of threads

    assert len(queue.runner.started) == 200
    assert most - before <= 4


def test_a_pipeline_job_takes_no_node_and_gets_its_final_state(queue: Queue) -> None:
    queue.records.submit(JobRecord(name="p", type="pipeline", document={}, compute="-"))

    queue.dispatcher.drain(idle_seconds=0.3)

    state = queue.records.state("p")
    assert (state.status, state.run_id, queue.records.queue()) == (JobStatus.COMPLETED, "p", [])


def test_a_damaged_record_ends_as_failed(queue: Queue) -> None:
    queue.records.submit(JobRecord(name="j", type="command", document={}, command={"x": 1}, compute="local"))

    queue.dispatcher.drain(idle_seconds=0.3)

    assert queue.records.state("j").status is JobStatus.FAILED


def test_a_step_with_a_better_place_gets_the_node_before_a_waiting_job() -> None:
    nodes = Nodes(lambda _compute: 1)
    job = QueueEntry(rank=1, submitted=2, job="job", compute="c")
    step = QueueEntry(rank=1, submitted=1, job="step", compute="c")
    assert nodes.try_take(job)
    order: list[str] = []

    def wait() -> None:
        with nodes.held(step, JobStop()) as held:
            order.append(f"step {held}")

    thread = threading.Thread(target=wait)
    thread.start()
    probe_until(lambda: _require(bool(nodes._waiting["c"])), what="the waiting step", timeout_seconds=10)
    nodes.give_back("c")
    thread.join(10)

    assert order == ["step True"]
    assert nodes.try_take(job)


def test_a_canceled_wait_for_a_node_ends() -> None:
    nodes, stop = Nodes(lambda _compute: 0), JobStop()
    stop.set("why")

    with nodes.held(QueueEntry(rank=1, submitted=1, job="s", compute="c"), stop) as held:
        assert not held


def test_states_that_were_never_written_are_queued() -> None:
    records = JobRecords(MemoryDocuments(), "azureml")
    records.submit(JobRecord(name="j", type="command", document={}, compute="c"))
    records.submit(JobRecord(name="s", type="command", document={}, compute="c", parent="j"), is_queued=False)

    assert [records.read(name).status for name in ("j", "s")] == [JobStatus.QUEUED, JobStatus.NOT_STARTED]
    assert records.state("j") == JobState()


def test_a_job_in_the_queue_leaves_the_node_to_a_step_that_comes_first() -> None:
    free = [0]
    nodes, stop = Nodes(lambda _compute: free[0]), JobStop()
    step, job = an_entry("step", submitted=1), an_entry("job", submitted=2)
    taken = threading.Event()

    def wait() -> None:
        with nodes.held(step, stop):
            taken.set()
            stop.wait(20)

    thread = threading.Thread(target=wait)
    thread.start()
    probe_until(lambda: _assert_waits(nodes, step), what="the step waits for a node")
    free[0] = 1

    assert not nodes.try_take(job), "although a node is free"
    assert taken.wait(20)
    free[0] = 2
    assert nodes.try_take(job)
    stop.set("the test ends")
    thread.join()


def _assert_waits(nodes: Nodes, step: QueueEntry) -> None:
    assert not nodes.try_take(an_entry("later", submitted=step.submitted + 1))
    assert nodes._waiting.get(step.compute) == [step]


def an_entry(job: str, *, submitted: int) -> QueueEntry:
    return QueueEntry(rank=1, submitted=submitted, job=job, compute="cluster")


def test_names_of_blobs_are_in_the_order_of_the_queue() -> None:
    entries = [an_entry("b", submitted=999), an_entry("a", submitted=1000)]

    assert sorted(one.blob for one in entries) == [one.blob for one in entries]
    assert [QueueEntry.of(one.blob) for one in entries] == entries


def test_a_defect_after_the_end_of_a_job_does_not_change_its_result(queue: Queue) -> None:
    class Defective:
        def run(self, job: CommandJob, _stop: Stop) -> Finished:
            queue.records.write_state(job.name, JobState().moved(JobStatus.COMPLETED))
            raise KeyError("while cleaning up")

    queue.submit("ended")
    queue.dispatcher.runner = Defective()
    queue.dispatcher.drain(idle_seconds=0.3)

    assert queue.records.queue() == []
    assert queue.records.state("ended").status is JobStatus.COMPLETED
