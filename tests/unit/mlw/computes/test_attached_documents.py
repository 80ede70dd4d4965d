"""Attached engines in Azure's YAML."""

import pytest

from mlw.computes.compute_documents import notices, to_entry
from mlw.computes.compute_errors import ComputeDocumentError

LOGIN = {"admin_username": "ml", "ssh_port": "2222", "ssh_private_key_file": "/k", "admin_password": "s3cret"}


def entry(address: str, **login: object) -> dict[str, object]:
    return to_entry({"name": "lab", "type": "virtualmachine", "resource_id": address, "ssh_settings": login})


@pytest.mark.parametrize(
    ("address", "login", "found"),
    [
        ("ssh://lab", LOGIN, "ssh://ml@lab:2222"),
        ("ssh://lab/run/x.sock", {"admin_username": "ml"}, "ssh://ml@lab/run/x.sock"),
        ("ssh://ml@lab:2222", LOGIN, "ssh://ml@lab:2222"),
        ("ssh://[fe80::1]", LOGIN, "ssh://ml@[fe80::1]:2222"),
        ("unix:///run/x.sock", LOGIN, "unix:///run/x.sock"),
        ("tcp://lab", LOGIN, "tcp://lab"),
    ],
)
def test_the_login_completes_the_address(address: str, login: dict[str, str], found: str) -> None:
    assert entry(address, **login)["address"] == found


def test_an_entry_has_no_password_and_a_notice_says_so() -> None:
    document = {"name": "lab", "type": "VirtualMachine", "resource_id": "ssh://lab", "ssh_settings": LOGIN}

    found = to_entry({**document, "max_instances": 2})

    assert found == {
        "name": "lab", "type": "VirtualMachine", "maxNodeCount": 2, "address": "ssh://ml@lab:2222",
        "sshPrivateKeyFile": "/k",
    }  # fmt: skip
    assert notices(document) == [
        "'ssh_settings.admin_password' has no effect, and is stored nowhere: logins use a key."
    ]


def test_an_engine_is_not_started_and_stopped_and_a_notice_says_so() -> None:
    of_azure = {"schedules": {"compute_start_stop": []}, "location": "westus"}
    document = {"name": "lab", "type": "VirtualMachine", "resource_id": "ssh://lab", **of_azure}

    assert to_entry(document) == {"name": "lab", "type": "VirtualMachine", "address": "ssh://lab"}
    assert notices(document) == [
        "'location' has no effect: its address says where it is.",
        "'schedules' has no effect: only an instance is started and stopped.",
    ]


def test_a_login_that_contradicts_the_address_is_refused() -> None:
    with pytest.raises(ComputeDocumentError, match=r"'ssh_settings.ssh_port' is '22'. Both may"):
        entry("ssh://lab:2222", ssh_port=22)
