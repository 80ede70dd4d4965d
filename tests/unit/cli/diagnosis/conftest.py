"""The parts of a diagnosis are called as the command calls them: in its surroundings."""

import pytest

from infra.cli import surroundings
from tests.unit.cli.building import Place


@pytest.fixture(autouse=True)
def _surroundings(place: Place) -> None:
    surroundings.enter()
