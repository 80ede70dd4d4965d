import pytest

from infra.rules.names.regions import REGIONS, check_location, normalise


@pytest.mark.parametrize("location", ["westeurope", "West Europe", "WESTEUROPE", "usgovvirginia", "chinanorth3"])
def test_region_is_known_by_name_and_display_name(location: str) -> None:
    assert check_location(location) == []
    assert normalise(location) in REGIONS


@pytest.mark.parametrize("location", ["", "europe", "global", "west-europe", "eu-west-1", "atlantis", 7])
def test_what_is_no_region_is_refused(location: object) -> None:
    (violation,) = check_location(location, key="ml-workspace:location")

    assert "no Azure region has this name" in violation.message


def test_near_miss_is_proposed() -> None:
    assert "'westeurope'" in check_location("westeruope")[0].fix


def test_short_codes_are_distinct_and_short() -> None:
    assert len(set(REGIONS.values())) == len(REGIONS)
    assert max(len(code) for code in REGIONS.values()) <= 4
