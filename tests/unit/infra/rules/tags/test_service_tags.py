"""Tags in the character set of the services' own metadata."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rules.tags.service_tags import to_service_tags

SERVICE_TAG = re.compile(r"[A-Za-z0-9 +\-._:/@=]*")


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        pytest.param("ml-platform@example.org", "ml-platform@example.org", id="an address stays as it is"),
        pytest.param("a=b", "a=3Db", id="the escape character escapes itself"),
        pytest.param("Zürich", "Z=C3=BCrich", id="a letter beyond ASCII"),
        pytest.param("", "", id="an empty value"),
    ],
)
def test_a_value_is_encoded(value: str, encoded: str) -> None:
    assert to_service_tags({"owner": value}) == {"owner": encoded}


def test_a_value_that_gets_too_long_becomes_its_digest_and_is_not_cut() -> None:
    first, second = to_service_tags({"a": "ü" * 256, "b": "ü" * 255}).values()

    assert first.startswith("=sha256:")
    assert first != second


@given(st.dictionaries(st.text(min_size=1, max_size=512), st.text(max_size=256), max_size=5))
def test_every_tag_fits_into_a_bucket_tag(tags: dict[str, str]) -> None:
    encoded = to_service_tags(tags)

    assert len(encoded) == len(tags)
    assert all(SERVICE_TAG.fullmatch(key) and len(key) <= 128 for key in encoded)
    assert all(SERVICE_TAG.fullmatch(value) and len(value) <= 256 for value in encoded.values())
