from typing import Any

from infra import labels
from infra.clients.engine.object_users import describe_users


class MadeUpClient:
    """An engine with containers that use volumes and networks."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self.found = containers

    @property
    def api(self) -> "MadeUpClient":
        return self

    def containers(self, *, all: bool, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert all
        assert filters == {"volume": "kv-data"}
        return list(self.found)


def describe(*containers: dict[str, Any]) -> str:
    return describe_users(MadeUpClient(*containers), "volume", "kv-data")  # type: ignore[arg-type]


def test_users_are_named_by_owner_and_their_removal_is_not_advised() -> None:
    theirs = {labels.ID: "x", labels.STACK: "other", labels.MADE_BY: "ada@host"}

    text = describe(
        {"Id": "1", "Names": ["/b"], "Labels": theirs},
        {"Id": "2", "Names": ["/a"], "Labels": theirs},
        {"Id": "3" * 20, "Names": [], "Labels": None},
    )

    assert text == (
        " It is used by container 'a', container 'b' (stack 'other' of ada@host); "
        "container '333333333333' (not created by this project). Ask the owner to stop using it."
    )


def test_unused_resource_has_no_users() -> None:
    assert describe() == ""
