"""Locations: valid and invalid regions."""

import pytest

from infra.rules.resources.location import check_location


@pytest.mark.parametrize("location", ["westeurope", "West Europe", "WESTEUROPE", "usgovvirginia", "chinanorth3"])
def test_region_passes_by_name_and_display_name(location: str) -> None:
    assert check_location(location) == []


@pytest.mark.parametrize("location", ["", "europe", "global", "west-europe", "eu-west-1", "atlantis", 7])
def test_unknown_region_is_rejected(location: object) -> None:
    (violation,) = check_location(location, key="ml-workspace:location")

    assert "unknown Azure region" in violation.message


def test_near_miss_is_proposed() -> None:
    assert "'westeurope'" in check_location("westeruope")[0].fix
