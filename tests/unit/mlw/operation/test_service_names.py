"""Names of services: every way to write one, and what is said about others."""

import pytest

from mlw.diagnosis.engine_snapshot import Container, Snapshot
from mlw.operation import service_names
from mlw.operation.service_names import UnknownServiceError, container_of, resolve
from mlw.stacks.stacks import Stack, open_stack
from tests.unit.states import Place, a_component, a_workspace, name_of, resource_id, the_outputs


@pytest.fixture
def stack(place: Place) -> Stack:
    place.deploy("dev")
    return open_stack("dev")


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("storage", "storage"),
        ("storageAccount", "storage"),
        ("KEYVAULT", "keyVault"),
        ("registryReadOnly", "registry"),
        ("applicationInsights", "telemetry"),
        ("otlpHttp", "telemetry"),
    ],
)
def test_a_service_has_the_names_of_the_contract(stack: Stack, name: str, service: str) -> None:
    assert resolve(stack, name) == service


def test_an_unknown_service_lists_those_that_exist(stack: Stack) -> None:
    with pytest.raises(UnknownServiceError) as raised:
        resolve(stack, "storge")

    assert str(raised.value) == (
        "looking for service 'storge': no such service in stack 'dev'. Did you mean 'storage'? Services: storage, "
        "registry, keyVault, telemetry, insights."
    )


def test_queries_and_additional_accounts_are_services_where_they_exist(place: Place) -> None:
    outputs = the_outputs("dev")
    outputs["endpoints"]["insights"] = "http://127.0.0.1:20007"
    inputs = {"name": "lake", "resourceId": "/subscriptions/x/lake", "role": "additional"}
    account = a_component("ml-workspace:storage:StorageAccount", "lake", stack="dev", inputs=inputs)
    place.deploy("dev", [*a_workspace("dev", outputs=outputs), account])
    stack = open_stack("dev")

    assert [resolve(stack, name) for name in ("insights", "storage.lake")] == ["insights", "storage.lake"]


def test_the_tracking_server_is_a_service_where_it_is_on(place: Place) -> None:
    outputs = the_outputs("dev")
    outputs["endpoints"]["tracking"] = "http://127.0.0.1:20008"
    place.deploy("dev", a_workspace("dev", outputs=outputs))

    assert resolve(open_stack("dev"), "Tracking") == "tracking"


def test_the_tracking_server_is_no_service_where_it_is_off(stack: Stack) -> None:
    with pytest.raises(UnknownServiceError, match="no such service"):
        resolve(stack, "tracking")


def container(key: str, suffix: str) -> Container:
    return Container(
        name=f"{name_of('dev', key)}{suffix}", stack="dev", resource_id=resource_id("dev", key), status="exited",
        exit_code=1, restarts=0, bindings=(), ports=frozenset(), last_log_lines="",
    )  # fmt: skip


def test_the_container_is_the_one_of_the_service(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    found = (
        container("applicationInsights", "-insights-store"),
        container("applicationInsights", "-insights"),
        container("storageAccount", "-storage"),
    )
    snapshot = Snapshot(containers=found, volumes=frozenset(), networks=frozenset())
    monkeypatch.setattr(service_names, "take_snapshot", lambda **_: snapshot)

    assert container_of(stack, "telemetry").name == "appi-dev-insights"
    with pytest.raises(UnknownServiceError, match=r"service 'keyVault' in stack 'dev': the engine has none. Run `make"):
        container_of(stack, "keyVault")
