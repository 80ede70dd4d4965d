import pytest

from infra.rules.names.naming_components import check_environment, check_instance, check_workload


@pytest.mark.parametrize("environment", ["dev", "test", "stage", "prod"])
def test_environment_passes(environment: str) -> None:
    assert check_environment(environment) == []


@pytest.mark.parametrize(
    ("environment", "meant"), [("production", "prod"), ("PROD", "prod"), ("staging", "stage"), ("", "dev")]
)
def test_other_environment_is_refused_with_the_one_that_is_meant(environment: str, meant: str) -> None:
    assert f"to '{meant}'" in check_environment(environment)[0].fix


@pytest.mark.parametrize("workload", [None, "", " "], ids=repr)
def test_workload_is_required(workload: str | None) -> None:
    assert "missing" in check_workload(workload)[0].message


@pytest.mark.parametrize("instance", ["", "0 1", "001-", "00_1", "123456789", "\u0661"])
def test_instance_is_letters_and_digits(instance: str) -> None:
    assert check_instance("001") == check_instance("1") == check_instance("b2") == []
    assert len(check_instance(instance)) == 1
