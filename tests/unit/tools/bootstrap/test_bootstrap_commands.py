import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import bootstrap_commands, state_folder, steps
from tools.bootstrap.bootstrap_errors import BootstrapError


@pytest.fixture
def only_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bootstrap of one cheap step."""
    monkeypatch.setattr(
        steps,
        "all_steps",
        lambda: [steps.Step("state", "State", state_folder.is_present, lambda _: state_folder.ensure())],
    )


@pytest.mark.usefixtures("only_the_state")
def test_ensure_makes_what_is_missing_and_removes_the_build_caches() -> None:
    (folders.build() / "mod").mkdir(parents=True)
    assert bootstrap_commands.main(["ensure"]) == 0
    assert state_folder.is_present()
    assert not folders.build().exists()


def test_env_prints_nothing_but_export_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap_commands.main(["env"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert all(line.startswith("export ") for line in printed.out.splitlines())


@pytest.mark.usefixtures("only_the_state")
def test_progress_never_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    bootstrap_commands.main(["state"])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "State" in printed.err


@pytest.mark.usefixtures("only_the_state")
def test_clean_removes_the_caches_and_never_the_state() -> None:
    bootstrap_commands.main(["state"])
    passphrase = folders.passphrase().read_bytes()
    cached = [folders.tools(), folders.build(), folders.bin_folder(), folders.pulumi_home() / "plugins"]
    for folder in cached:
        (folder / "x").mkdir(parents=True)
    assert bootstrap_commands.main(["clean"]) == 0
    assert not any(folder.exists() for folder in cached)
    assert folders.passphrase().read_bytes() == passphrase


def test_an_error_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise BootstrapError("no space")

    monkeypatch.setattr(steps, "run", fail)
    assert bootstrap_commands.main(["state"]) == 1
    assert capsys.readouterr().err == "error: no space\n"


def test_an_interruption_is_no_error_of_the_program_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "run", interrupt)
    assert bootstrap_commands.main(["state"]) == 130
    assert "the next run continues" in capsys.readouterr().err


@pytest.mark.parametrize("start", [["-m", "tools.bootstrap"], ["tools/bootstrap"]], ids=["as a module", "as a folder"])
def test_it_starts_from_a_checkout(start: list[str]) -> None:
    command = [sys.executable, *start, "env"]
    done = subprocess.run(command, cwd=folders.repo(), capture_output=True, text=True, check=True)
    assert "export PULUMI_HOME=" in done.stdout


def test_a_state_folder_that_cannot_be_written_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file in the way")
    done = subprocess.run(
        [sys.executable, "-m", "tools.bootstrap", "state"],
        cwd=folders.repo(),
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: preparing the folder")
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_in_the_middle_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/cache/x")

    monkeypatch.setattr(steps, "run", fail)
    assert bootstrap_commands.main(["state"]) == 1
    assert capsys.readouterr().err.startswith("operating system error: No space left on device (/cache/x)")


def test_a_run_with_nothing_to_do_loads_no_http_client() -> None:
    script = (
        "import sys; before = set(sys.modules); import tools.bootstrap.bootstrap_commands;"
        "print(sorted({'urllib.request', 'http.client', 'concurrent.futures'} & set(sys.modules) - before))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folders.repo(), capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
