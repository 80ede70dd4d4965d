"""The plugin as the engine calls it: the response to each call, and the form of its errors."""

import inspect
from importlib import import_module
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from infra.errors import MlWorkspaceError, NotReadyError
from infra.provider import preloading, server
from infra.provider.server import ProviderServer
from infra.provider.tokens import MODULES, provider_of
from infra.provider.values import to_props, to_struct
from infra.resources.resource import (
    PACKAGE,
    CheckFailure,
    CheckResult,
    CreateResult,
    Props,
    Provider,
    ReadResult,
    Resource,
)

TOKEN = f"{PACKAGE}:some:Kind"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class _Aborted(Exception):
    """Replaces the exception that gRPC raises if a call fails."""


class _Context:
    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise _Aborted(code, details)


class _Kind(Provider):
    inputs = ("size",)

    def check(self, _olds: Props, news: Props) -> CheckResult:
        return CheckResult(news, [CheckFailure("size", "too large")] if news["size"] == 9 else [])

    def create(self, props: Props) -> CreateResult:
        if props["size"] == 0:
            raise NotReadyError("making it: it is not ready. Wait.")
        if props["size"] < 0:
            raise KeyError("a defect")
        return CreateResult("the-id", {**props, "made": [1, True, None, {"a": "b"}], "nothing": None})

    def observe(self, id_: str, props: Props) -> ReadResult:
        gone = props["size"] == 0
        return ReadResult(None, {}) if gone else ReadResult(id_, {**props, "size": 5.0}, {"size": 5.0})


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> ProviderServer:
    monkeypatch.setattr(server, "provider_of", {TOKEN: _Kind()}.__getitem__)
    monkeypatch.setattr(preloading, "begin", lambda: None)
    return ProviderServer()


def _create(serving: ProviderServer, size: float) -> provider_pb2.CreateResponse:
    request = provider_pb2.CreateRequest(type=TOKEN, properties=to_struct({"size": size}))
    return serving.Create(request, _Context())


def test_values_are_returned_unchanged_without_properties_of_none() -> None:
    props: dict[str, Any] = {"a": 1.5, "b": [True, "x", None, {"c": []}], "d": {}, "unknown": UNKNOWN}

    assert to_props(to_struct({**props, "none": None})) == props


def test_a_creation_is_answered_with_id_and_outputs(serving: ProviderServer) -> None:
    answer = _create(serving, 2)

    assert answer.id == "the-id"
    assert to_props(answer.properties) == {"size": 2.0, "made": [1.0, True, None, {"a": "b"}]}


def test_an_error_of_the_project_is_the_whole_response(serving: ProviderServer) -> None:
    with pytest.raises(_Aborted) as answer:
        _create(serving, 0)

    assert answer.value.args == (grpc.StatusCode.UNKNOWN, "making it: it is not ready. Wait.")


def test_a_defect_stays_one(serving: ProviderServer) -> None:
    with pytest.raises(KeyError):
        _create(serving, -1)


def test_refused_inputs_are_named(serving: ProviderServer) -> None:
    request = provider_pb2.CheckRequest(type=TOKEN, news=to_struct({"size": 9}))

    answer = serving.Check(request, _Context())

    assert [(failure.property, failure.reason) for failure in answer.failures] == [("size", "too large")]
    assert to_props(answer.inputs) == {"size": 9.0}


@pytest.mark.parametrize(("new", "expected"), [(1, "DIFF_NONE"), (2, "DIFF_SOME"), (UNKNOWN, "DIFF_SOME")], ids=str)
def test_a_changed_input_is_an_update_and_never_a_replacement(
    serving: ProviderServer, new: object, expected: str
) -> None:
    request = provider_pb2.DiffRequest(
        id="x", type=TOKEN, olds=to_struct({"size": 1, "made": "here"}), news=to_struct({"size": new})
    )

    answer = serving.Diff(request, _Context())

    assert answer.changes == getattr(provider_pb2.DiffResponse, expected)
    assert not answer.replaces


def test_a_resource_that_was_found_otherwise_brings_its_inputs_along(serving: ProviderServer) -> None:
    request = provider_pb2.ReadRequest(id="x", type=TOKEN, properties=to_struct({"size": 1}))

    answer = serving.Read(request, _Context())

    assert (answer.id, to_props(answer.properties), to_props(answer.inputs)) == ("x", {"size": 5.0}, {"size": 5.0})


def test_a_deleted_resource_has_no_id_and_leaves_its_inputs_alone(serving: ProviderServer) -> None:
    answer = serving.Read(provider_pb2.ReadRequest(id="x", type=TOKEN, properties=to_struct({"size": 0})), _Context())

    assert answer.id == ""
    assert not answer.HasField("inputs")


def test_the_stacks_configuration_never_becomes_the_providers(serving: ProviderServer) -> None:
    answer = serving.CheckConfig(provider_pb2.CheckRequest(news=to_struct({"workload": "churn"})), _Context())

    assert answer.HasField("inputs")
    assert to_props(answer.inputs) == {}


@pytest.mark.parametrize("name", MODULES, ids=str)
def test_every_token_of_the_catalogue_has_its_resource(name: str) -> None:
    kind = getattr(import_module(MODULES[name]), name.rpartition(":")[2])

    assert kind.type_token == f"{PACKAGE}:{name}"
    assert isinstance(provider_of(kind.type_token), kind.provider_class)


def test_every_resource_is_in_the_catalogue() -> None:
    tokens = {
        kind.type_token
        for module in set(MODULES.values())
        for _, kind in inspect.getmembers(import_module(module), inspect.isclass)
        if issubclass(kind, Resource) and kind is not Resource
    }

    assert tokens == {f"{PACKAGE}:{name}" for name in MODULES}


def test_another_type_is_refused_with_those_there_are() -> None:
    with pytest.raises(MlWorkspaceError, match=r"'ml-workspace:storage:Bucket'.*ml-workspace:guards:UsageGuard"):
        provider_of("ml-workspace:storage:Bucket")
