import json

import pytest

from infra.rules.stack.stack_file_keys import MAX_BYTES, check_size

ROOM = MAX_BYTES - len('{"a:b":""}')


@pytest.mark.parametrize(
    ("text", "count"),
    [("x", ROOM), ("é", ROOM // 2), ("<", ROOM // 6), ('"', ROOM // 2), ("🚀", ROOM // 4)],
    ids=["plain", "two bytes", "escaped for HTML", "quotes", "four bytes"],
)
def test_a_configuration_is_measured_as_the_engine_writes_it(text: str, count: int) -> None:
    assert not check_size({"a:b": text * count})
    assert check_size({"a:b": text * (count + 1)})


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"a:b": "x" * MAX_BYTES, "a:c": "y"}, "a:b"),
        ({"a:b": json.dumps({"description": "x" * MAX_BYTES, "name": "y"})}, "a:b.description"),
        ({"a:b": json.dumps([{"c": 1}, {"c": "x" * MAX_BYTES}])}, "a:b[1].c"),
        ({"a:b": json.dumps({f"tag{n}": "x" * 200 for n in range(1000)})}, "a:b"),
        ({"a:b": "{" + "x" * MAX_BYTES}, "a:b"),
    ],
    ids=["text", "mapping", "list", "many small ones", "no JSON"],
)
def test_the_key_that_is_too_long_is_named(config: dict[str, str], key: str) -> None:
    (violation,) = check_size(config)

    assert violation.key == key
    assert violation.fix == f"shorten '{key}'"
    assert len(violation.message) < 500


def test_many_keys_that_are_too_long_together_are_counted() -> None:
    (violation,) = check_size({f"a:b{number}": "x" * 200 for number in range(1000)})

    assert violation.fix == "remove some of the 1,000 keys; this one is the largest"
