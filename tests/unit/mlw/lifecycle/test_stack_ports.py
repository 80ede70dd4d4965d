"""Port claims: read, given up, proven free."""

import json
import socket
from pathlib import Path

import pytest

from mlw.lifecycle import stack_ports
from tests.unit.states import a_context, write


def test_only_the_stacks_own_claims_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = a_context(tmp_path)
    claims = {"1a": {"storage": 20001}, "2b": {"storage": 20002}}
    monkeypatch.setenv("MLW_HOME", str(context.home))
    write(context.home / "ports.json", json.dumps(claims).encode())
    assert stack_ports.claimed("1a") == {"storage": 20001}


def test_releasing_leaves_the_claims_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = a_context(tmp_path)
    monkeypatch.setenv("MLW_HOME", str(context.home))
    file = write(context.home / "ports.json", json.dumps({"1a": {"a": 1}, "2b": {"a": 2}}).encode())
    stack_ports.release("1a")
    assert json.loads(file.read_text()) == {"2b": {"a": 2}}


def test_a_subnet_is_given_back_also_where_no_ports_were_claimed_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed between its claims has one of the two."""
    context = a_context(tmp_path)
    monkeypatch.setenv("MLW_HOME", str(context.home))
    file = write(context.home / "subnets.json", json.dumps({"1a": "10.213.0.0/27"}).encode())
    stack_ports.release("1a")
    assert json.loads(file.read_text()) == {}


def test_a_port_with_a_listener_is_in_use_and_one_without_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert stack_ports.in_use([port]) == [port]
    assert stack_ports.in_use([port]) == []


def test_a_port_whose_connections_only_linger_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        client = socket.create_connection(address)
        served, _ = listener.accept()
        # Who closes first keeps the connection lingering.
        served.close()
        client.close()
    assert stack_ports.in_use([address[1]]) == []
