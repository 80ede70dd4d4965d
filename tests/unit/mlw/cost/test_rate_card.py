"""The rate card: the shipped example is valid and says that it is one; all violations come at once."""

from decimal import Decimal
from pathlib import Path

import pytest

from mlw.cost import rate_card
from mlw.cost.rate_card import RateCardError
from tests.unit.states import Place

SHIPPED = Path(__file__).parents[4] / "stacks" / "rates.yaml"

VALID = """
currency: EUR
date: 2026-01-31
source: invoice 7
cpuHour: 0.10
cpuWithoutLimit: 0.5
memoryGibHour: 0.01
volumeGibMonth: 0.73
requestsPer10000: 1
"""


def write(place: Place, text: str) -> Path:
    path = place.stacks / "rates.yaml"
    path.write_text(text)
    return path


def test_the_shipped_rate_card_is_valid_and_an_example() -> None:
    found = rate_card.load(SHIPPED)

    assert found.is_example
    assert "example" in found.source
    assert "EXAMPLE" in SHIPPED.read_text()


def test_prices_are_exact(place: Place) -> None:
    write(place, VALID)

    found = rate_card.load()

    assert (found.cpu_hour, found.is_example) == (Decimal("0.10"), False)
    assert str(found.memory_gib_hour * 3) == "0.03"


def test_all_violations_are_reported_at_once(place: Place) -> None:
    text = VALID.replace("EUR", "euro").replace("0.10", "-1").replace("2026-01-31", "soon").replace("0.01", "cheap")
    write(place, text.replace("source: invoice 7\n", "") + "discount: 5\n")

    with pytest.raises(RateCardError) as caught:
        rate_card.load()

    lines = str(caught.value).splitlines()
    assert lines[0].endswith("stacks/rates.yaml': 6 violations:")
    assert sorted(line.split(":")[0].strip() for line in lines[1:]) == [
        "cpuHour",
        "currency",
        "date",
        "discount",
        "memoryGibHour",
        "source",
    ]
    assert "  currency: 'euro' is not an ISO 4217 code such as EUR" in lines
    assert "  source: it is missing" in lines
    assert any("unknown key; allowed: currency, date, source, isExample, cpuHour" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "it has no keys. Write at least: currency, date, source, cpuHour", id="empty"),
        pytest.param("a: [", "not YAML", id="not YAML"),
        pytest.param(VALID.replace("0.10", ".nan"), "cpuHour: '.nan'", id="not a number"),
    ],
)
def test_what_is_no_rate_card_is_rejected(place: Place, text: str, message: str) -> None:
    write(place, text)
    with pytest.raises(RateCardError, match=message):
        rate_card.load()


def test_a_missing_rate_card_says_what_to_do(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.stacks.exists()
    with pytest.raises(RateCardError, match=r"No such file or directory\. Give another file with --rates"):
        rate_card.load()

    monkeypatch.setenv("MLW_RATES", str(SHIPPED))
    assert rate_card.load().is_example
