import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.host import folders, processes
from infra.host.engine_address import Answer, Health
from tests.unit.tools.bootstrap.waiting import wait_until
from tools.bootstrap import engine_process
from tools.bootstrap.bootstrap_errors import BootstrapError


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def pid_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "docker.pid"
    monkeypatch.setattr(engine_process, "PID_FILES", {path: "sleep"})
    return path


def test_a_pid_file_of_a_dead_process_is_removed(pid_file: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    pid_file.write_text(str(process.pid))
    engine_process.remove_stale_pid_files()
    assert not pid_file.exists()


def test_a_pid_file_that_names_another_program_is_removed(pid_file: Path) -> None:
    pid_file.write_text(str(os.getpid()))
    engine_process.remove_stale_pid_files()
    assert not pid_file.exists()


def test_an_unreadable_pid_file_is_removed(pid_file: Path) -> None:
    pid_file.write_text("")
    engine_process.remove_stale_pid_files()
    assert not pid_file.exists()


def test_the_pid_file_of_a_living_program_stays(pid_file: Path, sleeper: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: processes.program_of(sleeper.pid) == "sleep")
    pid_file.write_text(str(sleeper.pid))
    engine_process.remove_stale_pid_files()
    assert pid_file.exists()


@pytest.mark.usefixtures("pid_file")
def test_no_pid_file_is_no_problem() -> None:
    engine_process.remove_stale_pid_files()


def test_a_record_is_good_only_for_the_very_process(sleeper: subprocess.Popen[bytes]) -> None:
    folders.private_folder(folders.engine())
    engine_process._record(sleeper.pid)
    found = engine_process.recorded()
    assert found is not None
    assert found.pid == sleeper.pid
    record = folders.engine() / "dockerd.json"
    record.write_text(json.dumps({"pid": sleeper.pid, "started": found.started - 1}))
    assert engine_process.recorded() is None


def test_a_process_that_has_ended_is_not_the_recorded_one(sleeper: subprocess.Popen[bytes]) -> None:
    folders.private_folder(folders.engine())
    engine_process._record(sleeper.pid)
    sleeper.kill()
    wait_until(lambda: engine_process.recorded() is None)


@pytest.mark.parametrize("hard", [False, True], ids=["asked to end", "killed"])
def test_a_recorded_engine_is_ended(sleeper: subprocess.Popen[bytes], hard: bool) -> None:  # noqa: FBT001
    folders.private_folder(folders.engine())
    engine_process._record(sleeper.pid)
    engine_process.stop(hard=hard)
    assert engine_process.recorded() is None
    assert sleeper.wait(5) == (-9 if hard else -15)


def test_an_engine_of_somebody_else_s_is_never_ended() -> None:
    with pytest.raises(BootstrapError, match=r"was not started by the bootstrap.*systemctl restart docker"):
        engine_process.stop()


@pytest.mark.parametrize(
    ("configuration", "options"),
    [(None, ["--live-restore"]), ('{"live-restore": true}', []), ("not json", ["--live-restore"])],
    ids=["no configuration file", "set in the file", "an unreadable file"],
)
def test_containers_outlive_the_engine_unless_the_file_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configuration: str | None, options: list[str]
) -> None:
    file = tmp_path / "daemon.json"
    if configuration is not None:
        file.write_text(configuration)
    monkeypatch.setattr(engine_process, "CONFIGURATION", file)
    monkeypatch.setattr(engine_process, "SWARM_STATE", tmp_path / "no-swarm")
    assert engine_process.options() == options


def test_a_member_of_a_swarm_starts_without_live_restore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_process, "CONFIGURATION", tmp_path / "none")
    monkeypatch.setattr(engine_process, "SWARM_STATE", tmp_path)
    assert engine_process.options() == []


def test_an_engine_takes_over_what_it_needs_of_its_callers_environment_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "dockerd"
    program.write_text("#!/bin/sh\nexec env\n")
    program.chmod(0o755)
    for name, value in {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "HTTPS_PROXY": "http://proxy.example",
        "TMPDIR": str(tmp_path),
        "PULUMI_CONFIG_PASSPHRASE": "a-passphrase",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(engine_process, "_record", lambda _pid: None)
    monkeypatch.setattr(engine_process, "wait_until_ready", lambda **given: wait_until(given["has_ended"]))

    engine_process.start()

    taken = dict(line.split("=", 1) for line in engine_process.log_file().read_text().splitlines())
    assert taken["HTTPS_PROXY"] == "http://proxy.example"
    assert not {"TMPDIR", "PULUMI_CONFIG_PASSPHRASE"} & set(taken)


def test_an_engine_that_ends_by_itself_is_explained_with_its_last_lines() -> None:
    engine_process.log_file().write_text("early\n" * 20 + "the reason\n")
    with pytest.raises(BootstrapError, match="it exited") as caught:
        engine_process.wait_until_ready(has_ended=lambda: True)
    assert str(caught.value).endswith("  | the reason")


def test_an_engine_that_never_answers_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_process, "READY_SECONDS", 0.05)
    monkeypatch.setattr(engine_process, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(engine_process, "ask", lambda timeout: Answer(Health.ABSENT, f"nothing ({timeout})"))
    with pytest.raises(BootstrapError, match=r"it does not respond \(nothing"):
        engine_process.wait_until_ready()


def test_an_engine_counts_as_running_as_long_as_its_process_lives(
    pid_file: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_process, "DAEMON", "sleep")
    assert not engine_process.is_running()
    wait_until(lambda: processes.program_of(sleeper.pid) == "sleep")
    pid_file.write_text(str(sleeper.pid))
    assert engine_process.is_running()
    sleeper.kill()
    sleeper.wait()
    assert not engine_process.is_running()
