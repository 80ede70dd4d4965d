"""An outside client of the key vault, and the status that the vault reports to anyone."""

from collections.abc import Mapping
from typing import Any

import hvac
import requests

from tests.support.ca_certificates import ca_file

MOUNT = "secret"


def vault_client(outputs: Mapping[str, Any], *, token: str | None = None) -> hvac.Client:
    """Return hvac's client with the stack's token, or another one."""
    own: str = outputs["credentials"]["keyVault"]["token"]
    return hvac.Client(
        url=outputs["endpoints"]["keyVault"],
        token=own if token is None else token,
        timeout=10,
        verify=ca_file(outputs) or True,
    )


def write_secret(outputs: Mapping[str, Any], path: str, values: Mapping[str, str]) -> None:
    """Write a KV v2 secret."""
    vault_client(outputs).secrets.kv.v2.create_or_update_secret(path=path, secret=dict(values), mount_point=MOUNT)


def read_secret(outputs: Mapping[str, Any], path: str) -> dict[str, str]:
    """Read the newest version of a KV v2 secret."""
    answer = vault_client(outputs).secrets.kv.v2.read_secret_version(
        path=path, mount_point=MOUNT, raise_on_deleted_version=True
    )
    values: dict[str, str] = answer["data"]["data"]
    return values


def assert_unsealed(outputs: Mapping[str, Any]) -> None:
    """Fail unless the vault is initialised, unsealed and active: the only state with status 200."""
    verify = ca_file(outputs) or True
    answer = requests.get(f"{outputs['endpoints']['keyVault']}/v1/sys/health", timeout=3, verify=verify)
    assert answer.status_code == 200, f"GET /v1/sys/health -> {answer.status_code}: {answer.text}"
