"""The key vault alone is killed at random moments under writes: it unseals itself and keeps all acknowledged writes."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from docker import DockerClient

from tests.support.key_vaults import SetUpVault, set_up_vault

TIMES = 10
OPEN_SECONDS = 5.0
LONGEST_PAUSE = 1.0


@contextmanager
def writing(vault: SetUpVault) -> Iterator[list[str]]:
    """Write secrets as fast as the vault accepts them; yields the names of the acknowledged ones."""
    acknowledged, ended = list[str](), threading.Event()

    def write() -> None:
        session, number = requests.Session(), 0
        while not ended.is_set():
            number += 1
            url = f"{vault.props['address']}/v1/secret/data/load/{number}"
            try:
                answer = session.post(
                    url, json={"data": {"value": str(number)}}, headers={"X-Vault-Token": vault.token}, timeout=5
                )
            except requests.exceptions.RequestException:
                continue
            if answer.ok:
                acknowledged.append(str(number))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield acknowledged
    finally:
        ended.set()
        thread.join()


def kill(engine: DockerClient, container: str) -> None:
    engine.api.kill(container, signal="SIGKILL")
    engine.api.start(container)


@pytest.mark.fault(
    "the key vault is killed ten times at random moments", "it unseals itself and has every acknowledged secret"
)
def test_vault_killed_ten_times_unseals_each_time_and_loses_nothing(engine: DockerClient) -> None:
    with set_up_vault(engine) as vault:
        with writing(vault) as acknowledged:
            for _ in range(TIMES):
                time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - moments, no secrets
                kill(engine, vault.container)
                vault.wait_until_unsealed(seconds=OPEN_SECONDS)

        client = vault.client()
        kept = {name: client.read(f"secret/data/load/{name}") for name in acknowledged}
        assert acknowledged
        assert [name for name, read in kept.items() if not read or read["data"]["data"]["value"] != name] == []


@pytest.mark.fault("the key vault is killed while it unseals itself", "it ends unsealed")
def test_vault_killed_while_unsealing_ends_unsealed(engine: DockerClient) -> None:
    with set_up_vault(engine) as vault:
        for moment in range(TIMES):
            kill(engine, vault.container)
            time.sleep(moment * 0.05)

        vault.wait_until_unsealed(seconds=OPEN_SECONDS)
        assert vault.client().is_authenticated()
