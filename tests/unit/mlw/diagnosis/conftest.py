"""The parts of a diagnosis are called as the command calls them: in its surroundings."""

import pytest

from mlw.stacks import project
from tests.unit.mlw.workspace_samples import Place


@pytest.fixture(autouse=True)
def _surroundings(place: Place) -> None:
    project.enter()
