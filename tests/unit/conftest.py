"""The common environment of unit tests: an unchanged process, and the same examples in every run.

Property-based tests run without a clock: on a busy machine a slow example says nothing about the code. Their examples
depend on the test alone, so that a result depends on the change and not on chance;
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
    """Restore variables and umask: commands may set them for their children, since they own the process."""
    before, mask = dict(os.environ), os.umask(0o022)
    yield
    os.umask(mask)
    os.environ.clear()
    os.environ.update(before)
