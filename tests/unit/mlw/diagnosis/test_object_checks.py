"""Findings about Docker objects, on made-up snapshots of the engine."""

from dataclasses import replace

import pytest

from mlw.diagnosis.diagnosed_services import DiagnosedService, services_of
from mlw.diagnosis.engine_snapshot import Container, Snapshot
from mlw.diagnosis.findings import Finding, Group, Level, Repair
from mlw.diagnosis.object_checks import (
    check_container,
    check_leftovers,
    check_public_ports,
    check_volumes_and_networks,
)
from mlw.stacks.stacks import Stack, open_stack
from tests.unit.states import CREDENTIALS, SERVICES, Place, group_id, name_of, resource_id


@pytest.fixture
def stack(place: Place) -> Stack:
    place.deploy("churn")
    return open_stack("churn")


@pytest.fixture
def vault(stack: Stack) -> DiagnosedService:
    (found,) = [service for service in services_of(stack, CREDENTIALS) if service.group is Group.KEY_VAULT]
    return found


def _container(**changed: object) -> Container:
    given: dict[str, object] = {
        "name": "kv-churn-vault",
        "stack": "churn",
        "resource_id": resource_id("churn", "keyVault"),
        "status": "running",
        "exit_code": 0,
        "restarts": 0,
        "ports": frozenset({8200}),
        "bindings": (("127.0.0.1", 20003),),
        "last_log_lines": "",
    }
    return Container(**{**given, **changed})  # type: ignore[arg-type]


def _snapshot(*containers: Container) -> Snapshot:
    volumes = frozenset(f"{name_of('churn', key)}-{suffix}-data" for key, (_, _, suffix) in SERVICES.items())
    return Snapshot(containers=containers, volumes=volumes, networks=frozenset({"rg-churn"}))


def _codes(found: list[Finding]) -> list[tuple[Group, str, Level]]:
    return [(finding.group, finding.code, finding.level) for finding in found]


class TestContainer:
    """A container is found by its label, whatever it is called."""

    def test_one_that_runs_and_is_open_to_this_machine_only_is_well(self, vault: DiagnosedService) -> None:
        snapshot = _snapshot(_container(name="renamed"))

        assert list(check_container(vault, snapshot)) == []
        assert list(check_public_ports(snapshot)) == []

    def test_of_two_the_one_that_runs_serves(self, vault: DiagnosedService) -> None:
        snapshot = _snapshot(_container(name="old", status="exited"), _container())

        assert list(check_container(vault, snapshot)) == []

    def test_ids_are_compared_without_case(self, vault: DiagnosedService) -> None:
        container = _container(resource_id=vault.resource_id.upper())

        assert list(check_container(vault, _snapshot(container))) == []

    @pytest.mark.parametrize(
        "snapshot",
        [
            _snapshot(),
            _snapshot(_container(resource_id=group_id("other"))),
            _snapshot(_container(bindings=(), ports=frozenset())),
            _snapshot(_container(ports=frozenset({9999}))),
        ],
        ids=["no container", "another resource's", "only what carried files", "another service's"],
    )
    def test_one_that_is_gone_is_told(self, vault: DiagnosedService, snapshot: Snapshot) -> None:
        (finding,) = check_container(vault, snapshot)

        assert (finding.group, finding.code) == (Group.KEY_VAULT, "ContainerMissing")
        assert finding.message == (
            "key vault 'kv-churn': its container is gone. Run `make up STACK=churn`, which recreates it on its volumes."
        )

    @pytest.mark.parametrize("status", ["exited", "created", "paused", "restarting", "dead"])
    def test_one_that_does_not_run_is_told_with_its_last_words(self, vault: DiagnosedService, status: str) -> None:
        container = _container(status=status, exit_code=137, restarts=3, last_log_lines="out of memory")

        (finding,) = check_container(vault, _snapshot(container))

        assert (finding.group, finding.code) == (Group.KEY_VAULT, "ContainerNotRunning")
        assert f"'kv-churn-vault' is {status} (exit code 137, restarts 3)" in finding.message
        assert finding.message.endswith("Last log lines:\nout of memory")
        assert f"`docker {'unpause' if status == 'paused' else 'start'} kv-churn-vault`" in finding.message

    @pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.10"])  # noqa: S104 - refused
    def test_a_port_that_others_can_reach_is_told(self, address: str) -> None:
        container = _container(bindings=(("127.0.0.1", 20003), (address, 8200)))

        (finding,) = check_public_ports(_snapshot(container))

        assert (finding.group, finding.code) == (Group.NETWORK_SECURITY_RULE, "PortPublic")
        assert f"publishes port 8200 on '{address}'; allowed: '127.0.0.1'" in finding.message

    def test_a_port_that_is_not_the_one_of_the_output_is_told(self, vault: DiagnosedService) -> None:
        (finding,) = check_container(vault, _snapshot(_container(bindings=(("127.0.0.1", 9999),))))

        assert (finding.group, finding.code) == (Group.KEY_VAULT, "PortNotPublished")
        assert "says 'http://127.0.0.1:20003', but container 'kv-churn-vault' publishes 9999" in finding.message


def test_what_carried_files_and_was_left_behind_is_a_warning() -> None:
    found = list(
        check_leftovers(
            _snapshot(_container(), _container(name="odd", status="created", bindings=(), ports=frozenset()))
        )
    )

    assert _codes(found) == [(Group.KEY_VAULT, "ContainerLeftBehind", Level.WARNING)]
    assert "container 'odd' (created)" in found[0].message


class TestVolumesAndNetworks:
    """The state says what has to be there."""

    def test_all_there_is_well(self, stack: Stack) -> None:
        assert list(check_volumes_and_networks(stack, _snapshot())) == []

    def test_a_lost_volume_is_told_in_the_group_of_its_resource(self, stack: Stack) -> None:
        whole = _snapshot()
        broken = Snapshot(containers=(), volumes=whole.volumes - {"stchurn-storage-data"}, networks=whole.networks)

        (finding,) = check_volumes_and_networks(stack, broken)

        assert (finding.group, finding.code) == (Group.STORAGE_ACCOUNT, "VolumeMissing")
        assert "storage account 'stchurn': its volume 'stchurn-storage-data' is gone" in finding.message

    def test_a_lost_network_is_told(self, stack: Stack) -> None:
        broken = Snapshot(containers=(), volumes=_snapshot().volumes, networks=frozenset())

        (finding,) = check_volumes_and_networks(stack, broken)

        assert (finding.group, finding.code) == (Group.OTHER, "NetworkMissing")
        assert "resource group 'rg-churn': its network 'rg-churn' is gone" in finding.message


@pytest.mark.parametrize(
    ("status", "verb"),
    [("exited", "start"), ("created", "start"), ("paused", "unpause"), ("restarting", ""), ("dead", "")],
)
def test_a_container_that_only_has_to_run_can_be_repaired(vault: DiagnosedService, status: str, verb: str) -> None:
    (found,) = check_container(vault, _snapshot(_container(status=status)))

    assert found.repair == (Repair(verb=verb, container="kv-churn-vault") if verb else None)


def test_another_stacks_container_is_for_its_owner_to_repair(vault: DiagnosedService) -> None:
    (found,) = check_container(replace(vault, sharer="fraud"), _snapshot(_container(status="exited")))

    assert found.repair is None
