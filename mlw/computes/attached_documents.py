"""Attached engines in the YAML of `az ml compute attach`: an address with the login of `ssh_settings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.rules.computes import engine_addresses
from mlw.computes.compute_errors import ComputeDocumentError

_LOGIN, _PASSWORD = ("admin_username", "ssh_port"), "admin_password"
_KEY_FILE = "ssh_private_key_file"


def flattened(document: Mapping[str, object]) -> dict[str, object]:
    """The document with user and port in its address, and the key file next to it.

    Raises:
        ComputeDocumentError: The address and `ssh_settings` contradict each other.
    """
    login = document.get("ssh_settings")
    found = {key: value for key, value in document.items() if key != "ssh_settings"}
    if not isinstance(login, Mapping):
        return found
    if login.get(_KEY_FILE):
        found.setdefault(_KEY_FILE, str(login[_KEY_FILE]))
    if found.get("resource_id"):
        found["resource_id"] = _with_login(str(found["resource_id"]), login)
    return found


def notices(document: Mapping[str, Any]) -> list[str]:
    """One sentence for what has no effect."""
    login = document.get("ssh_settings")
    has_password = isinstance(login, Mapping) and login.get(_PASSWORD)
    return (
        [f"'ssh_settings.{_PASSWORD}' has no effect, and is stored nowhere: logins use a key."] if has_password else []
    )


def _with_login(address: str, login: Mapping[str, object]) -> str:
    try:
        given = engine_addresses.parse(address)
    except ValueError:
        return address  # the rules say why
    user, port = (str(login.get(key) or "") for key in _LOGIN)
    for key, wanted, said in (("admin_username", user, given.user), ("ssh_port", port, given.port)):
        if wanted and said and wanted != said:
            raise ComputeDocumentError(
                f"reading a compute: 'resource_id' is '{address}', and 'ssh_settings.{key}' is '{wanted}'. Both may "
                "say the same, or one of them nothing. Remove one."
            )
    if not given.host:
        return address
    host = f"[{given.host}]" if ":" in given.host else given.host
    user, port = given.user or user, given.port or port
    socket = given.socket if given.socket != engine_addresses.DEFAULT_SOCKET else ""
    return f"ssh://{f'{user}@' if user else ''}{host}{f':{port}' if port else ''}{socket}"
