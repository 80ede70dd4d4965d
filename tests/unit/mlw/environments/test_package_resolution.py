"""Requirements as uv gets them. What uv makes of them is in the integration tests."""

from pathlib import Path

import pytest

from infra import service_images
from mlw.environments import package_resolution, planning, programs
from mlw.environments.package_resolution import Target


@pytest.mark.parametrize(
    ("requirements", "constraints"),
    [
        (["mlflow"], 3),
        (["pandas"], 3),
        (["mlflow==2.8.1"], 0),
        (["mlflow-skinny<3"], 0),
    ],
    ids=str,
)
def test_mlflow_has_the_servers_version_unless_one_is_named(requirements: list[str], constraints: int) -> None:
    assert len(package_resolution._constraints(requirements)) == constraints


def test_libraries_for_gpus_are_left_out_where_nothing_needs_them() -> None:
    assert package_resolution._overrides(["xgboost"])
    assert not package_resolution._overrides(["xgboost", "torch==2.9"])


def test_exact_versions_become_lower_limits_and_limits_stay() -> None:
    written = ("pandas==1.3.0", "numpy>=1.20,<2", "six", "foo~=1.4", "--extra-index-url https://x/?a==1", "bar==1.2.*")

    assert package_resolution._relaxed(written) == (
        "pandas>=1.3.0",
        "numpy>=1.20,<2",
        "six",
        "foo>=1.4",
        "--extra-index-url https://x/?a==1",
        "bar>=1.2",
    )


def test_the_resolvers_reason_is_one_readable_sentence() -> None:
    said = "  \u00d7 No solution found when resolving:\n  \u2570\u2500\u25b6 Because a was not found,\n      we can so."

    message = str(package_resolution._unresolvable(programs.ProgramError("resolving", said)))

    assert "environment: No solution found when resolving: Because a was not found, we can so." in message


@pytest.mark.parametrize(
    ("versions", "needed"),
    [
        ({"numpy": "2.1.0", "scikit-learn": "1.1.3"}, True),
        ({"numpy": "2.1.0", "scikit-learn": "1.4.2"}, False),
        ({"numpy": "1.26.4", "pandas": "1.5.3"}, False),
        ({"scikit-learn": "1.1.3"}, False),
    ],
    ids=str,
)
def test_releases_compiled_for_numpy_1_are_known(versions: dict[str, str], *, needed: bool) -> None:
    assert package_resolution.needs_numpy_1(versions) is needed


def test_an_environment_of_this_project_is_its_lock_and_nothing_is_resolved(tmp_path: Path) -> None:
    plan = planning.plan({planning.LOCK: "automl"})
    target = Target(python=plan.python, machine="x86_64")

    listed, notices = package_resolution.resolve(plan, target, tmp_path, lambda _line: None)

    assert (package_resolution.versions_of(listed)["flaml"], notices) == ("2.7.0", ())
    assert "http" not in listed
    assert plan.key("base") != planning.Plan().key("base")
    assert {"pip", "setuptools"} < package_resolution.versions_of(listed).keys()


def test_the_lock_of_automl_has_the_tracking_servers_mlflow() -> None:
    listed = planning.plan({planning.LOCK: "automl"}).lock
    server = service_images.table()["tracking"].image.rpartition(":")[2]

    assert package_resolution.versions_of(listed)["mlflow-skinny"] == server
