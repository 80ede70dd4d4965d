"""Names of Docker objects."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rules.names.engine_names import physical_name

ENGINE_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


def test_a_legal_name_stays_as_it_is() -> None:
    assert physical_name("kv-churn-dev-we-001") == "kv-churn-dev-we-001"


@pytest.mark.parametrize("name", ["rg(1)", "_rg", "a", "ä-group", "x" * 255], ids=repr)
def test_a_name_that_the_engine_rejects_is_made_valid(name: str) -> None:
    made = physical_name(name)

    assert made != name
    assert ENGINE_NAME.fullmatch(made)
    assert len(made) <= 220


@given(st.text(min_size=1, max_size=255), st.text(min_size=1, max_size=255))
def test_two_resources_never_share_a_name(first: str, second: str) -> None:
    assert (physical_name(first) == physical_name(second)) == (first == second)
