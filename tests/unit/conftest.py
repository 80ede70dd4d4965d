"""What every unit test finds: the process as it was before the others, and examples that are the same in every run.

Property-based tests run without a clock: on a busy machine a slow example says nothing about the code. Their examples
follow from the test alone, so that a run says something about a change and not about its luck;
`HYPOTHESIS_PROFILE=search` looks for new ones.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("project", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", settings.get_profile("project"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))


@pytest.fixture(autouse=True)
def _same_process_for_every_test() -> Iterator[None]:
    """Commands set variables, and the mask of new files, for their children, as they may: they are the process."""
    before, mask = dict(os.environ), os.umask(0o022)
    yield
    os.umask(mask)
    os.environ.clear()
    os.environ.update(before)
