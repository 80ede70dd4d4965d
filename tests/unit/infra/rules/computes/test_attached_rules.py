"""Addresses of attached engines, and the keys of a compute of that type."""

import pytest

from infra.rules.computes import engine_addresses
from infra.rules.computes.attached_rules import ADDRESS, KEY_FILE
from infra.rules.computes.compute_rules import check_computes
from infra.rules.computes.engine_addresses import EngineAddress
from infra.rules.computes.instance_rules import KEYS
from infra.rules.violation import HIDDEN

LAB = {"name": "lab", "type": "VirtualMachine", "address": "ssh://lab"}


@pytest.mark.parametrize(
    ("text", "host", "user", "port", "socket"),
    [
        ("ssh://lab.example.org", "lab.example.org", "", "", "/var/run/docker.sock"),
        ("ssh://ml@10.0.0.1:2222", "10.0.0.1", "ml", "2222", "/var/run/docker.sock"),
        ("ssh://lab/run/user/1000/docker.sock", "lab", "", "", "/run/user/1000/docker.sock"),
        ("ssh://ml@[fe80::1]:22/", "fe80::1", "ml", "22", "/var/run/docker.sock"),
        ("unix:///run/second.sock", "", "", "", "/run/second.sock"),
    ],
)
def test_an_address_is_read(text: str, host: str, user: str, port: str, socket: str) -> None:
    assert engine_addresses.parse(text) == EngineAddress(text, socket, host, user, port)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("tcp://lab:2376", "SSH forwards them to the engine's machine, and TCP cannot"),
        ("/subscriptions/0/resourceGroups/g/providers/x/virtualMachines/vm", "the resource id of a machine in Azure"),
        ("ssh://-oProxyCommand=x", "not the address of an engine"),
        ("ssh://-x@lab", "not the address of an engine"),
        ("ssh://lab:70000", "port 70000 is out of range"),
        ("ssh://lab/run/a b", "not the address of an engine"),
        ("unix://run/x", "not the address of an engine"),
        ("lab", "not the address of an engine"),
        ("", "not the address of an engine"),
    ],
)
def test_another_address_is_refused_with_its_reason(address: str, found: str) -> None:
    (violation,) = check_computes([{**LAB, "address": address}])

    assert (violation.rule, violation.key) == (ADDRESS, "ml-workspace:computes[0].address")
    assert found in violation.found


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    (violation,) = check_computes([{**LAB, "address": "ssh://ml:s3cret@lab"}])

    assert "it has a password; logins use a key" in violation.found
    assert HIDDEN in violation.message
    assert "s3cret" not in violation.message


def test_a_key_file_is_an_absolute_path_of_another_machine() -> None:
    files = [{**LAB, "sshPrivateKeyFile": name} for name in ("id", "~/.ssh/id", "/k")]
    second = {**LAB, "address": "unix:///run/x.sock", "sshPrivateKeyFile": "/k"}

    found = [check_computes([one]) for one in (*files, second)]

    assert [[one.rule for one in violations] for violations in found] == [[KEY_FILE], [], [], [KEY_FILE]]


def test_all_violations_are_found_at_once() -> None:
    wrong = {**LAB, "address": "tcp://x", "vmSize": "STANDARD_DS3_V2", "maxNodeCount": 0, "assignedUser": "ana"}

    assert {one.key.partition("].")[2] for one in check_computes([wrong])} == {
        "address", "vmSize", "maxNodeCount", "assignedUser",
    }  # fmt: skip


def test_a_cluster_has_no_address() -> None:
    (violation,) = check_computes([{"name": "cpu", "type": "AmlCompute", "address": "ssh://lab"}])

    assert (violation.rule, violation.key) == (KEYS, "ml-workspace:computes[0].address")
