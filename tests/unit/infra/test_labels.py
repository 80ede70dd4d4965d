"""Labels: whose an object is, and what people are told of it."""

import pytest

from infra import labels

OURS = {labels.ID: "1a", labels.STACK: "dev", labels.MADE_BY: "ada@host, backend file:///a, since 2026-11-29 10:00 UTC"}


@pytest.mark.parametrize(
    ("found", "is_ours"),
    [
        pytest.param(OURS, True, id="ours"),
        pytest.param({**OURS, labels.STACK: "renamed"}, True, id="ours, from before the stack was renamed"),
        pytest.param({**OURS, labels.ID: "2b"}, False, id="a stack of the same name"),
        pytest.param({labels.STACK: "dev"}, False, id="only the name"),
        pytest.param({}, False, id="no labels"),
    ],
)
def test_the_identity_alone_decides_whose_an_object_is(found: dict[str, str], *, is_ours: bool) -> None:
    assert labels.belongs_to(found, "1a") is is_ours


def test_an_owner_is_told_by_name_user_and_backend() -> None:
    assert labels.describe_owner(OURS) == f"stack 'dev' of {OURS[labels.MADE_BY]}"


def test_what_has_no_identity_is_not_ours_to_explain() -> None:
    assert labels.describe_owner({labels.STACK: "dev"}) == "not made by this project"
