"""Conda files, translated to requirements of PyPI."""

from pathlib import Path

import pytest

from mlw.environments import conda_file
from mlw.environments.environment_errors import EnvironmentFileError


def read(*dependencies: object) -> conda_file.Packages:
    return conda_file.read({"name": "x", "channels": ["conda-forge"], "dependencies": list(dependencies)})


@pytest.mark.parametrize(
    ("written", "translated"),
    {
        "any version": ("numpy", "numpy"),
        "all releases of a version": ("numpy=1.26", "numpy==1.26.*"),
        "one release": ("numpy==1.26.4", "numpy==1.26.4"),
        "a build": ("numpy=1.26.4=py311_0", "numpy==1.26.4"),
        "a star": ("numpy=1.26.*", "numpy==1.26.*"),
        "a range": ("numpy>=1.20,<2", "numpy>=1.20,<2"),
        "a space": ("numpy 1.26.*", "numpy==1.26.*"),
        "a channel": ("conda-forge::numpy>=1.20", "numpy>=1.20"),
        "a comment": ("numpy=1.26  # newest", "numpy==1.26.*"),
        "another name": ("pytorch=2.1", "torch==2.1.*"),
        "upper case": ("PyYAML", "pyyaml"),
    }.values(),
    ids=str,
)
def test_a_version_of_conda_is_written_as_on_pypi(written: str, translated: str) -> None:
    assert read(written).requirements == (translated,)


def test_lines_for_pip_are_kept() -> None:
    found = read("python=3.10", "pip", {"pip": ["scikit-learn==1.5.1", "foo[bar]>=2 ; python_version > '3'"]})

    assert found.python == "==3.10.*"
    assert found.requirements == ("pip", "scikit-learn==1.5.1", "foo[bar]>=2 ; python_version > '3'")


def test_what_only_connects_to_azure_is_replaced_and_told() -> None:
    found = read({"pip": ["azureml-mlflow==1.60", "pandas"]})

    assert found.requirements == ("mlflow", "pandas")
    assert "'azureml-mlflow==1.60' is replaced by 'mlflow'" in found.notices[0]


def test_the_chosen_version_of_mlflow_counts() -> None:
    assert read({"pip": ["azureml-mlflow", "mlflow==2.8.1"]}).requirements == ("mlflow==2.8.1",)


def test_libraries_that_wheels_bring_are_left_out_and_told() -> None:
    found = read("nomkl", "numpy")

    assert (found.requirements, len(found.notices)) == (("numpy",), 1)


def test_an_included_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# ours\npandas==2.2.0  # newest\n\nsix\n")
    (tmp_path / "conda.yml").write_text("dependencies:\n  - pip:\n    - -r requirements.txt\n")

    assert conda_file.read(tmp_path / "conda.yml").requirements == ("pandas==2.2.0", "six")


@pytest.mark.parametrize(
    ("dependency", "message"),
    {
        "for GPUs": ("cudatoolkit=11.3", "'cudatoolkit' cannot be installed: it is a library for GPUs"),
        "alternatives": ("numpy=1.21|1.22", "allows alternatives"),
        "no version": ("numpy=new", "'new' in 'numpy=new' is not a version"),
        "no package": ("?", "is not a package"),
        "a folder": ({"pip": ["-e ."]}, "is a folder of this machine"),
        "no list": ({"pip": "six"}, "must be a list of packages"),
        "a missing file": ({"pip": ["-r nowhere.txt"]}, "which it includes, cannot be read"),
    }.values(),
    ids=str,
)
def test_what_an_image_cannot_have_is_refused_with_the_reason(dependency: object, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=message):
        read(dependency)


def test_a_missing_file_and_a_file_that_is_not_yaml_are_told(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("a: [")

    with pytest.raises(EnvironmentFileError, match="No such file"):
        conda_file.read(tmp_path / "conda.yml")
    with pytest.raises(EnvironmentFileError, match="is not YAML"):
        conda_file.read(tmp_path / "bad.yml")
