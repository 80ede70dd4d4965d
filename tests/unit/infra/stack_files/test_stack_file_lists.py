"""Entries of lists are added and removed, and nothing else of the text changes."""

import pytest

from infra.stack_files.stack_file_lists import append_entry, list_of, remove_entry
from infra.stack_files.stack_file_values import set_value
from infra.stack_files.yaml_document import DocumentError

KEY = "computes"
BLOCK = """# mine
config:
  ml-workspace:workload: churn
  ml-workspace:computes:
    # the first
    - {name: cpu, type: AmlCompute} # small
    - name: gpu
      type: AmlCompute # none

  # afterwards
  ml-workspace:tls: true
"""
SPOT = {"name": "spot", "maxNodeCount": 2}


def test_an_entry_is_added_after_the_last_one() -> None:
    assert append_entry(BLOCK, KEY, SPOT) == BLOCK.replace("# none\n", "# none\n    - {name: spot, maxNodeCount: 2}\n")


def test_a_list_in_flow_style_stays_one() -> None:
    text = "config:\n  computes: [{name: cpu}] # few\n"

    assert append_entry(text, KEY, SPOT) == "config:\n  computes: [{name: cpu}, {name: spot, maxNodeCount: 2}] # few\n"


@pytest.mark.parametrize("text", ["config:\n  ml-workspace:tls: true\n", "config:\n  ml-workspace:tls: true"])
def test_a_list_that_does_not_exist_is_added(text: str) -> None:
    added = append_entry(text, KEY, SPOT)

    assert (added.startswith(text.rstrip()), list_of(added, KEY)) == (True, [SPOT])


@pytest.mark.parametrize("empty", ["[]", "", "null"])
def test_an_empty_list_is_filled(empty: str) -> None:
    added = append_entry(f"config:\n  ml-workspace:computes: {empty}\n  ml-workspace:tls: true\n", KEY, SPOT)

    assert (list_of(added, KEY), "ml-workspace:tls: true\n" in added) == ([SPOT], True)


@pytest.mark.parametrize(
    ("position", "gone"),
    [(0, "    - {name: cpu, type: AmlCompute} # small\n"), (1, "    - name: gpu\n      type: AmlCompute # none\n")],
    ids=["first", "last"],
)
def test_an_entry_is_removed_with_its_lines(position: int, gone: str) -> None:
    assert remove_entry(BLOCK, KEY, position) == BLOCK.replace(gone, "")


@pytest.mark.parametrize(
    ("position", "left"), [(0, "[{name: b}, {name: c}]"), (1, "[{name: a}, {name: c}]"), (2, "[{name: a}, {name: b}]")]
)
def test_an_entry_of_a_list_in_flow_style_is_removed(position: int, left: str) -> None:
    text = "config:\n  computes: [{name: a}, {name: b}, {name: c}] # few\n"

    assert remove_entry(text, KEY, position) == f"config:\n  computes: {left} # few\n"


def test_the_key_goes_with_the_last_entry() -> None:
    assert remove_entry("config:\n  computes: [{name: a}]\n  tls: true\n", KEY, 0) == "config:\n  tls: true\n"


def test_lines_may_end_as_on_windows() -> None:
    text = BLOCK.replace("\n", "\r\n")

    added = append_entry(text, KEY, SPOT)
    assert list_of(added, KEY)[-1] == SPOT
    assert added.count("\n") == added.count("\r\n") == text.count("\n") + 1


def test_a_list_that_is_an_alias_is_written_again() -> None:
    text = "config:\n  other:list: &shared [{name: a}]\n  ml-workspace:computes: *shared\n"

    assert list_of(append_entry(text, KEY, SPOT), KEY) == [{"name": "a"}, SPOT]
    assert "&shared [{name: a}]" in append_entry(text, KEY, SPOT)


def test_a_value_that_is_no_list_is_refused() -> None:
    with pytest.raises(DocumentError, match="'computes' is not a list"):
        append_entry("config:\n  computes: many\n", KEY, SPOT)


UNINDENTED = """config:
  ml-workspace:computes: # mine
  # the first
  - name: cpu
    type: AmlCompute
  ml-workspace:tls: true
"""


def test_a_list_whose_dashes_are_below_its_key_is_edited_in_place() -> None:
    added = append_entry(UNINDENTED, KEY, SPOT)

    assert added == UNINDENTED.replace("type: AmlCompute\n", "type: AmlCompute\n  - {name: spot, maxNodeCount: 2}\n")
    assert remove_entry(added, KEY, 1) == UNINDENTED


def test_such_a_list_can_be_written_as_a_whole() -> None:
    assert set_value(UNINDENTED, [KEY], [SPOT]) == (
        "config:\n  ml-workspace:computes: [{name: spot, maxNodeCount: 2}] # mine\n  # the first\n"
        "  ml-workspace:tls: true\n"
    )
