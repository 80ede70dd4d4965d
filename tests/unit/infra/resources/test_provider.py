"""What all providers share."""

import logging

import pytest
from pulumi.dynamic import ReadResult

from infra.errors import NotReadyError, ServiceError, ServiceUnreachableError
from infra.resources.provider import Props, Provider, _is_a_defect


class _Provider(Provider):
    inputs = ("tags", "size")


def test_only_a_changed_input_is_a_change() -> None:
    olds = {"tags": {"a": "1"}, "size": 1.0, "made": "here"}

    assert not _Provider().diff("id", olds, {"tags": {"a": "1"}, "size": 1.0}).changes
    assert _Provider().diff("id", olds, {"tags": {"a": "2"}, "size": 1.0}).changes


def test_nothing_is_ever_replaced() -> None:
    assert not _Provider().diff("id", {}, {"tags": {}, "size": 2.0}).replaces


class _OfASilentService(Provider):
    inputs = ()

    def observe(self, _id: str, _props: Props) -> ReadResult:
        raise _props["error"]


@pytest.mark.parametrize(
    "error",
    [ServiceUnreachableError("it does not answer"), ServiceError("it answered: the vault is sealed")],
    ids=["silent", "refusing"],
)
def test_a_refresh_takes_a_service_that_does_not_tell_neither_for_changed_nor_for_gone(error: ServiceError) -> None:
    found = _OfASilentService().read("id", {"tags": {"a": "1"}, "error": error})

    assert found.id == "id"
    assert found.outs == {"tags": {"a": "1"}, "error": error}


def _record(error: Exception) -> logging.LogRecord:
    return logging.LogRecord("grpc._server", logging.ERROR, "", 0, "", None, (type(error), error, None))


def test_a_users_error_leaves_no_traceback_in_the_output_but_a_defect_does() -> None:
    assert not _is_a_defect(_record(NotReadyError("not ready")))
    assert _is_a_defect(_record(KeyError("bug")))
