"""A container's properties as the provider receives them."""

import pytest

from infra.components.service_container import as_the_provider_reads


@pytest.mark.parametrize(
    ("cpu", "text"), [(0.25, "0.25"), (0.5, "0.5"), (1, "1.0"), (1.5, "1.5"), (2.0, "2.0"), (10, "10."), (10.5, "10.5")]
)
def test_cpus_are_written_as_they_are_read_back(cpu: float, text: str) -> None:
    assert as_the_provider_reads(cpu) == text
