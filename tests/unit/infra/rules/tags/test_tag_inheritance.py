"""Inheritance of tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rules.tags import tag_inheritance


def test_own_tag_overrides_an_inherited_one_in_any_case() -> None:
    merged = tag_inheritance.merge({"owner": "group", "project": "churn"}, {"Owner": "mine"})

    assert merged == {"Owner": "mine", "project": "churn"}


def test_always_inherited_tag_replaces_the_value_unless_the_inherited_one_is_empty() -> None:
    merged = tag_inheritance.merge(
        {"owner": "group", "env": ""}, {"Owner": "mine", "env": "dev"}, always=["OWNER", "env"]
    )

    assert merged == {"Owner": "group", "env": "dev"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"tags": ["*"], "mode": "ifMissing"}, {"a": "own", "b": "above"}),
        ({"tags": ["A"], "mode": "ifMissing"}, {"a": "own"}),
        ({"tags": ["b"], "mode": "ifMissing"}, {"a": "own", "b": "above"}),
        ({"tags": ["*"], "mode": "always"}, {"a": "above", "b": "above"}),
    ],
    ids=["all if missing", "one that is there", "one that is missing", "always"],
)
def test_rule_determines_what_is_inherited(parameters: dict[str, object], expected: dict[str, str]) -> None:
    assert tag_inheritance.inherit({"a": "above", "b": "above"}, {"a": "own"}, parameters) == expected


@given(
    above=st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5)),
    own=st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5)),
)
def test_merge_loses_no_name_and_no_own_value(above: dict[str, str], own: dict[str, str]) -> None:
    merged = tag_inheritance.merge(above, own)

    assert merged.items() >= own.items()
    assert {name.lower() for name in merged} == {name.lower() for name in {**above, **own}}
    assert tag_inheritance.merge(above, merged) == merged
