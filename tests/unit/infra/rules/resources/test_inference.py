"""The front of online endpoints: the limit of requests, and that it does not go unasked."""

import pytest

from infra.rules.resources.inference import check_identities, check_request_size
from infra.rules.resources.tracking import check_removal, optional_services

ON = optional_services("mlw-churn", tracking=False, inference_front=True)
OFF = optional_services("mlw-churn", tracking=False)


@pytest.mark.parametrize("size", [None, 1, 10, 1024])
def test_sizes_that_are_allowed(size: int | None) -> None:
    assert not check_request_size(size)


@pytest.mark.parametrize("size", [0, -1, 1025])
def test_a_size_out_of_range_names_the_key_and_the_range(size: int) -> None:
    (violation,) = check_request_size(size)

    assert (violation.key, violation.allowed) == ("ml-workspace:inference.maximumRequestSizeInMB", "1-1024 MB")


def test_the_front_goes_only_if_its_name_is_allowed() -> None:
    (violation,) = check_removal(ON, OFF, allowed=())

    assert "the front of the online endpoints 'mlw-churn-inference' would be deleted" in violation.found
    assert not check_removal(ON, OFF, allowed=["MLW-churn-inference"])
    assert not check_removal(OFF, ON, allowed=())


def test_an_identity_without_a_role_names_its_key_and_the_principals() -> None:
    (violation,) = check_identities(["scorer", "scorr"], {"scorer", "dora"})

    assert (violation.key, violation.value) == ("ml-workspace:inference.identities[1]", "scorr")
    assert violation.allowed == "dora, scorer"
    assert not list(check_identities(None, set()))
    assert [one.allowed for one in check_identities(["scorer"], set())] == ["a principal with a role; there is none"]
