"""The console script from a wheel: outside any checkout, with only the wheel's contents and its dependencies."""

import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environment import PROJECT_ROOT, copy_project
from tests.support.processes import Finished, run
from tests.unit.states import PASSPHRASE, Place
from tools.checks.release_check import version_of, wheel_problems

Mlw = Callable[..., Finished]

NOT_IN_THE_WHEEL = {"mlw/lifecycle/pulumi_guard.sh"}
"""The bootstrap's alone, which runs in a checkout."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A build writes into the folder that it builds from.
    source = copy_project(folder / "source")
    _pip("wheel", str(source), "--no-build-isolation", f"--wheel-dir={folder}")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of a new Python environment: the wheel, and the packages of this one except the project itself."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], cwd=folder.parent, env={}).check()
    _pip(f"--python={folder}/bin/python", "install", str(wheel))
    (packages,) = folder.glob("lib/python*/site-packages")
    # As a folder on the path its own .pth files, the editable project among them, mean nothing.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, "--no-deps", "--no-index"]
    run(command, cwd=PROJECT_ROOT, env={}).check()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A project, and next to it a folder that is in none."""
    made = Place(project=tmp_path / "project", state=tmp_path / "home" / "state")
    made.prepare()
    (tmp_path / "home" / "passphrase").write_text(f"{PASSPHRASE}\n")
    (tmp_path / "elsewhere").mkdir()
    return made


@pytest.fixture
def mlw(programs: Path, place: Place) -> Mlw:
    def call(*words: str, cwd: Path | None = None) -> Finished:
        folder = cwd or place.project.with_name("elsewhere")
        variables = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "MLW_HOME": str(place.state.parent)}
        return run([str(programs / "mlw"), *words], cwd=folder, env=variables)

    return call


def test_the_wheel_has_every_data_file(wheel: Path) -> None:
    data = {
        path.relative_to(PROJECT_ROOT).as_posix()
        for package in ("infra", "mlw", "policies")
        for path in (PROJECT_ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }

    assert data - set(zipfile.ZipFile(wheel).namelist()) == NOT_IN_THE_WHEEL


def test_the_wheel_contains_the_licence_files(wheel: Path) -> None:
    assert wheel_problems(wheel, version_of(PROJECT_ROOT)) == []


def test_the_code_is_the_wheels(programs: Path) -> None:
    script = "import infra, mlw, policies; print(infra.__file__, mlw.__file__, policies.__file__)"
    found = run([str(programs / "python"), "-c", script], cwd=programs, env={}).check().stdout.split()

    assert all(Path(file).is_relative_to(programs.parent) for file in found)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("--help", "Usage: mlw "),
        ("policy list", "tags-resource-require-tags "),
        ("policy explain tags-resource-require-tags", "Applies to: "),
        ("roles list", "AzureML Data Scientist "),
        ("list", "mlw-churn "),
        ("show churn", '"provisioningState": "Succeeded"'),
        ("keys churn", '"secretKey": "secret-of-storage"'),
        ("run churn -- printenv VAULT_TOKEN", "secret-of-vault\n"),
    ],
    ids=str,
)
def test_commands_that_need_no_project_work_outside_one(mlw: Mlw, place: Place, line: str, shown: str) -> None:
    place.deploy("churn")

    finished = mlw(*line.split()).check()

    assert shown in finished.stdout
    assert not [notice for notice in finished.stderr.splitlines() if "tracking of experiments" not in notice]


@pytest.mark.parametrize(
    "line",
    [
        "policy check churn",
        "policy effective churn",
        "roles list churn",
        "create other",
        "update churn",
    ],
)
def test_commands_that_need_a_project_say_so_in_one_message(mlw: Mlw, place: Place, line: str) -> None:
    place.deploy("churn")

    finished = mlw(*line.split())

    assert finished.exit_code != 0
    assert finished.output.startswith("mlw: looking for the project 'ml-workspace': neither '")
    assert finished.output.endswith("Change to a checkout of the project and run the command again.\n")
    assert finished.output.count("\n") == 1


def test_in_a_project_its_stack_files_are_checked(mlw: Mlw, place: Place) -> None:
    place.configure("churn")

    assert mlw("policy", "check", "churn", cwd=place.project).check().stdout == "stack 'churn' is valid: no violation\n"


def test_in_a_project_a_stack_file_is_written_and_changed(mlw: Mlw, place: Place) -> None:
    tags = ["--tags", "owner=a@example.org", "--tags", "cost-center=4711", "--tags", "project=churn"]

    mlw("create", "churn", *tags, "--file-only", cwd=place.project).check()

    assert mlw("policy", "check", "churn", cwd=place.project).check().stdout == "stack 'churn' is valid: no violation\n"
