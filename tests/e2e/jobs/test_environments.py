"""Environments of a running workspace: created by role, used by jobs, with the reason when they cannot be."""

import secrets
from pathlib import Path

import pytest
import yaml

from tests.support.jobs_workspace import Mlw, data_of

OPENMPI = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
CURATED = "azureml://registries/azureml/environments/sklearn-1.0/labels/latest"


def environment_file(folder: Path, *packages: str, python: str = "3.11", name: str = "train") -> Path:
    conda = {"channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", {"pip": list(packages)}]}
    (folder / "conda.yml").write_text(yaml.safe_dump(conda))
    file = folder / "environment.yml"
    document = {"name": name, "image": OPENMPI, "conda_file": "conda.yml", "tags": {"team": "blue"}}
    file.write_text(yaml.safe_dump(document))
    return file


def job_file(folder: Path, environment: object, command: str) -> Path:
    file = folder / "job.yml"
    job = {"type": "command", "command": command, "environment": environment, "compute": "azureml:cpu-cluster"}
    file.write_text(yaml.safe_dump(job))
    return file


def test_a_data_scientist_creates_an_environment_and_a_job_runs_in_it(mlw: Mlw, tmp_path: Path) -> None:
    file = environment_file(tmp_path, "toolz==1.0.0")
    name = "of-a-scientist"

    made = data_of(mlw("environment", "create", "-f", str(file), "-n", name, principal="data-scientist"))
    job = job_file(tmp_path, f"azureml:{name}@latest", "python -c 'import toolz; print(toolz.__version__)'")
    ran = mlw("job", "create", "-f", str(job), "--stream").check()

    assert (made["version"], made["tags"]) == ("1", {"team": "blue"})
    assert made["imageReference"].endswith(f"/environments@{made['imageDigest']}")
    assert "1.0.0" in ran.stdout
    shown = data_of(mlw("environment", "show", "-n", name, "-o", "json", principal="data-scientist"))
    assert "toolz==1.0.0" in shown["packages"]
    assert shown["imageDigest"] == made["imageDigest"]


def test_a_reader_lists_environments_but_creates_none(mlw: Mlw, tmp_path: Path) -> None:
    file = environment_file(tmp_path, "six==1.17.0", name="of-a-reader")

    refused = mlw("environment", "create", "-f", str(file), principal="reader")
    listed = mlw("environment", "list", "-o", "json", principal="reader")

    assert refused.exit_code == 1
    assert "Microsoft.MachineLearningServices/workspaces/environments/versions/write" in refused.stderr
    assert "of-a-reader" not in [one["name"] for one in data_of(listed)]


def test_the_same_packages_are_the_same_image_at_once(mlw: Mlw, tmp_path: Path) -> None:
    of_this_run = f"six!=0.0.{secrets.randbelow(10**9)}"  # not in the machine's cache, so the first one is resolved
    file = environment_file(tmp_path, of_this_run, name="twice")
    first = mlw("environment", "create", "-f", str(file))

    second = mlw("environment", "create", "-f", str(file))

    assert (data_of(second)["version"], data_of(second)["imageDigest"]) == ("2", data_of(first)["imageDigest"])
    assert ("resolving" in first.stderr, "resolving" in second.stderr) == (True, False)


def test_an_environment_is_archived_deleted_and_restored(mlw: Mlw, tmp_path: Path) -> None:
    file = environment_file(tmp_path, "six==1.17.0", name="life")
    mlw("environment", "create", "-f", str(file), "-v", "3").check()
    seen = []

    for verb in (("archive",), ("restore",), ("delete", "--yes"), ("restore",)):
        mlw("environment", verb[0], "-n", "life", *verb[1:]).check()
        seen.append("life" in [one["name"] for one in data_of(mlw("environment", "list", "-o", "json"))])

    assert seen == [False, True, False, True]


def test_an_earlier_python_is_refused_with_the_proposal_and_raised_with_a_warning(mlw: Mlw, tmp_path: Path) -> None:
    file = environment_file(tmp_path, "six==1.16.0", python="3.7.6", name="early")

    refused = mlw("environment", "create", "-f", str(file))
    raised = mlw("environment", "create", "-f", str(file), "--allow-newer-python")

    assert refused.exit_code == 1
    assert "--allow-newer-python" in refused.stderr
    assert "warning: Python 3.11 replaces Python 3.7.6" in raised.check().stderr


def test_what_cannot_be_resolved_says_why_and_makes_no_version(mlw: Mlw, tmp_path: Path) -> None:
    file = environment_file(tmp_path, "six==99.1", name="none")

    failed = mlw("environment", "create", "-f", str(file))

    assert failed.exit_code == 1
    assert "there is no version of six==99.1" in failed.stderr
    assert mlw("environment", "show", "-n", "none").exit_code == 1


@pytest.mark.parametrize("flag", [(), ("--allow-newer-python",)], ids=["without", "with the flag"])
def test_a_job_says_in_its_log_what_replaces_its_environment(mlw: Mlw, tmp_path: Path, flag: tuple[str, ...]) -> None:
    conda = {"dependencies": ["python=3.8", {"pip": ["six==1.17.0"]}]}
    file = job_file(tmp_path, {"image": OPENMPI, "conda_file": conda}, "python -c 'import six; print(six.__version__)'")

    ran = mlw("job", "create", "-f", str(file), "--stream", *flag)

    if flag:
        assert f"image '{OPENMPI}' is replaced" in ran.check().stdout
        assert "warning: Python 3.11 replaces" in ran.stdout
    else:
        assert ran.exit_code == 1
        assert "--allow-newer-python" in f"{ran.stdout}{ran.stderr}"


def test_a_curated_environment_trains_and_tracks(mlw: Mlw, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/train.py").write_text(
        "import mlflow, pandas, matplotlib, typing_extensions\n"
        "from sklearn.datasets import load_diabetes\nfrom sklearn.ensemble import RandomForestRegressor\n"
        "x, y = load_diabetes(return_X_y=True, as_frame=True)\n"
        "print(len(x.append(x)))  # removed in pandas 2\n"
        "mlflow.log_metric('r2', RandomForestRegressor(5).fit(x, y).score(x, y))\nprint('trained')\n"
    )
    file = tmp_path / "job.yml"
    job = {"type": "command", "code": "src", "command": "python train.py", "environment": CURATED}
    file.write_text(yaml.safe_dump({**job, "compute": "azureml:cpu-cluster"}))

    ran = mlw("job", "create", "-f", str(file), "--stream").check()

    assert "trained" in ran.stdout
    assert "curated environment 'sklearn-1.0' is replaced by Python with" in ran.stdout
