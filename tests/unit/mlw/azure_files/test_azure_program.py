"""Messages of Azure's schemas as a short list: one for each key, and of a union only what can be meant."""

from mlw.azure_files.azure_program import flattened

INTEGER, UNKNOWN = "Not a valid integer.", "Unknown field."


def test_messages_have_the_keys_that_they_belong_to() -> None:
    found = flattened({"limits": {"timeout": [INTEGER]}, "comand": [UNKNOWN]})

    assert found == [("limits.timeout", INTEGER), ("comand", UNKNOWN)]


def test_of_a_union_only_alternatives_remain_that_can_be_meant() -> None:
    sets = [
        {"type": ["Value 'uri_fil' passed is not in set ['uri_file', 'uri_folder']"]},
        {"type": ["Value 'uri_fil' passed is not in set ['mltable']"]},
        {"type": [UNKNOWN], "path": [UNKNOWN]},
        {"null": [{"_schema": [INTEGER]}, {"_schema": ["Not a valid string."]}]},
    ]

    found = flattened({"inputs": {"iris": {"value": sets}}})

    message = "Value 'uri_fil' passed is not in set ['uri_file', 'uri_folder', 'mltable']"
    assert found == [("inputs.iris.type", message)]


def test_of_a_union_with_types_only_the_alternative_of_that_type_remains() -> None:
    of_type = {"limits": {"best": [UNKNOWN]}}
    other = {"type": ["Value 'a' passed is not in set ['b']"], "limits": ["Not a valid list."]}

    assert flattened({"s": {"value": [of_type, other]}}) == [("s.limits.best", UNKNOWN)]


def test_a_union_of_plain_values_says_all_of_them() -> None:
    found = flattened({"a": {"value": [{"_schema": [INTEGER]}, {"_schema": ["Not a valid string."]}]}})

    assert found == [("a", INTEGER), ("a", "Not a valid string.")]


def test_general_messages_are_left_out_where_there_is_another_one() -> None:
    mode = {"mode": ["Value 'rw' passed is not in set ['ro', 'direct']", "Value 'rw' passed is not in set ['ro']"]}
    binding = {"mode": ["Value passed is not a data binding string: rw"]}

    assert flattened({"d": {"value": [mode, binding]}}) == [
        ("d.mode", "Value 'rw' passed is not in set ['ro', 'direct']")
    ]
    assert flattened({"d": {"value": [binding]}}) == [("d.mode", "Value passed is not a data binding string: rw")]
    assert flattened({"e": ["['No such file']"]}) == [("e", "No such file")]
