import pytest

from infra.rules.names.regions import REGIONS, normalise


@pytest.mark.parametrize("location", ["westeurope", "West Europe", "WESTEUROPE", "usgovvirginia", "chinanorth3"])
def test_region_is_recognised_by_name_and_display_name(location: str) -> None:
    assert normalise(location) in REGIONS


def test_short_codes_are_distinct_and_short() -> None:
    assert len(set(REGIONS.values())) == len(REGIONS)
    assert max(len(code) for code in REGIONS.values()) <= 4
