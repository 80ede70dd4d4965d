"""The common base of all providers."""

import pytest

from infra.errors import ServiceError, ServiceUnreachableError
from infra.resources.resource import CreateResult, Props, Provider, ReadResult


class _Provider(Provider):
    inputs = ("tags", "size")

    def create(self, props: Props) -> CreateResult:
        return CreateResult("id", props)


def test_only_a_changed_input_is_a_change() -> None:
    olds = {"tags": {"a": "1"}, "size": 1.0, "made": "here"}

    assert not _Provider().diff("id", olds, {"tags": {"a": "1"}, "size": 1.0}).changes
    assert _Provider().diff("id", olds, {"tags": {"a": "2"}, "size": 1.0}).changes


class _OfASilentService(_Provider):
    def observe(self, _id: str, _props: Props) -> ReadResult:
        raise _props["error"]


@pytest.mark.parametrize(
    "error",
    [ServiceUnreachableError("it does not answer"), ServiceError("it answered: the vault is sealed")],
    ids=["silent", "refusing"],
)
def test_a_refresh_takes_an_unresponsive_service_for_neither_changed_nor_deleted(error: ServiceError) -> None:
    found = _OfASilentService().read("id", {"tags": {"a": "1"}, "error": error})

    assert found.id == "id"
    assert found.outs == {"tags": {"a": "1"}, "error": error}
