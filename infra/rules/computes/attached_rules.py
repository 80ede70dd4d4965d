"""Rules for attached engines: computes of type VirtualMachine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from infra.rules.computes import engine_addresses
from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

ATTACHED = "VirtualMachine"

ADDRESS = StackRule(
    "compute-limit-engine-address",
    "The address of an attached engine is ssh:// of another machine, or unix:// of this one.",
)
KEY_FILE = StackRule(
    "compute-limit-key-file", "The key file of an attached engine is an absolute path, and its address is ssh://."
)


def check_attached(compute: Mapping[str, object]) -> Iterator[Violation]:
    """Violations in the address and the key file of one compute; missing keys break no rule."""
    if compute.get("type") != ATTACHED:
        return
    address, key_file = compute.get("address"), compute.get("sshPrivateKeyFile")
    if address is not None:
        yield from _check_address(str(address))
    if key_file is not None:
        yield from _check_key_file(str(key_file), str(address or ""))


def _check_address(address: str) -> Iterator[Violation]:
    try:
        engine_addresses.parse(address)
    except ValueError as exc:
        yield Violation(
            rule=ADDRESS,
            key="address",
            value=address,
            secret=_has_password(address),
            found=str(exc),
            allowed="ssh://[USER@]HOST[:PORT][/SOCKET], or unix:///SOCKET for a second engine on this machine",
            fix="set 'address' to e.g. 'ssh://ml@lab.example.org'",
        )


def _has_password(address: str) -> bool:
    return ":" in urlsplit(address).netloc.rpartition("@")[0]


def _check_key_file(key_file: str, address: str) -> Iterator[Violation]:
    is_local = address.startswith("unix://")
    if is_local or not key_file.startswith(("/", "~/")):
        yield Violation(
            rule=KEY_FILE,
            key="sshPrivateKeyFile",
            value=key_file,
            found="an engine at unix:// needs no login" if is_local else "not an absolute path",
            allowed="an absolute path of this machine, or one that begins with ~/; only with an address ssh://",
            fix="remove 'sshPrivateKeyFile'" if is_local else "set 'sshPrivateKeyFile' to e.g. '~/.ssh/id_ed25519'",
        )
