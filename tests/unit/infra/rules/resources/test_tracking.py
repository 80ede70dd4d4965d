"""The tracking server: switching it off, or moving it, loses experiments and is rejected unless the stack allows it."""

import pytest

from infra.rules.resources.tracking import Services, check_removal, optional_services

ON = optional_services("mlw-churn", tracking=True)


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        pytest.param({}, {}, id="off stays off"),
        pytest.param({}, ON, id="switched on"),
        pytest.param(ON, ON, id="on stays on"),
    ],
)
def test_a_change_that_loses_nothing_passes(before: Services, wanted: Services) -> None:
    assert check_removal(before, wanted, allowed=()) == []


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({}, id="switched off"),
        pytest.param(optional_services("mlw-fraud", tracking=True), id="of another workspace"),
    ],
)
def test_a_tracking_server_is_removed_only_if_the_stack_allows_it(wanted: Services) -> None:
    (found,) = check_removal(ON, wanted, allowed=("mlw-churn", "stchurn"))

    assert found.message == (
        "ml-workspace:tracking: the tracking server 'mlw-churn-tracking' would be deleted with its experiments, runs "
        "and models; allowed: 'mlw-churn-tracking' unchanged; to fix it: restore 'ml-workspace:tracking: {}'; if they "
        "may be lost, add 'mlw-churn-tracking' to 'ml-workspace:allowReplacement' [tracking-stack-forbid-removal]"
    )
    assert check_removal(ON, wanted, allowed=("MLW-churn-tracking",)) == []


INSTANCE = optional_services("mlw-churn", tracking=False, instances=["ci-Ana"])


def test_an_instance_is_not_removed_with_the_files_of_its_user() -> None:
    (found,) = check_removal(INSTANCE, {}, allowed=("ci-bea",))

    assert found.found == "the compute instance 'ci-Ana' would be deleted with the files of its user"
    assert "mlw compute delete" in found.fix


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        pytest.param(optional_services("mlw-churn", tracking=False, instances=["CI-ana"]), (), id="other case"),
        pytest.param({}, ("ci-ana",), id="allowed by name"),
    ],
)
def test_an_instance_that_stays_or_may_go_breaks_no_rule(wanted: Services, allowed: tuple[str, ...]) -> None:
    assert check_removal(INSTANCE, wanted, allowed=allowed) == []
