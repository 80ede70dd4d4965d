"""Configuration of a stack's key vault: audit devices, secrets engines, policies, the stack's own token, tags.

Everything is read first and written only if it differs, so applying it twice is cheap and changes nothing. The caller
passes a :class:`Vault` with a root token.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.clients.key_vault.vault import Vault
from infra.rules.roles import vault_policies as policies

TAGS_PATH = "ml-workspace/key-vault"
USERPASS = "userpass"
AUDIT_FILE = "/vault/logs/audit.log"

TOKEN_TTL = "87600h"  # noqa: S105 - a duration
"""Ten years; `max_lease_ttl` in vault.hcl allows it. An invalid token is replaced."""

_TOKEN_ALPHABET, _TOKEN_LENGTH = string.ascii_letters + string.digits, 48

_AUDIT: Mapping[str, str] = {"stdout": "stdout", "file": AUDIT_FILE}
_KEY_VALUES = (policies.SECRETS, policies.DATASTORES, policies.PRINCIPALS)
_KV2: Mapping[str, Any] = {"type": "kv", "options": {"version": "2"}}
_PKI: Mapping[str, Any] = {"type": "pki", "config": {"max_lease_ttl": TOKEN_TTL}}
_ENGINES: Mapping[str, Mapping[str, Any]] = {**dict.fromkeys(_KEY_VALUES, _KV2), policies.PKI: _PKI}
_USERPASS: Mapping[str, Any] = {"type": "userpass", "config": {"default_lease_ttl": "1h", "max_lease_ttl": "24h"}}


def ensure_audit(vault: Vault) -> None:
    """Enable missing audit devices; Vault serves requests as long as one of them can write."""
    for name in _missing(_AUDIT, vault.read("sys/audit") or {}):
        options = {"file_path": _AUDIT[name], "mode": "0600"}
        vault.write(f"sys/audit/{name}", {"type": "file", "options": options})


def ensure_engines(vault: Vault) -> None:
    """Enable missing secrets engines."""
    for name in _missing(_ENGINES, vault.read("sys/mounts") or {}):
        vault.write(f"sys/mounts/{name}", _ENGINES[name])


def ensure_logins(vault: Vault) -> None:
    """Enable the login of principals."""
    if _missing([USERPASS], vault.read("sys/auth") or {}):
        vault.write(f"sys/auth/{USERPASS}", _USERPASS)


def ensure_versions(vault: Vault) -> None:
    """Make the secrets engines keep every version."""
    for name in _KEY_VALUES:
        if (vault.read(f"{name}/config") or {}).get("max_versions") != policies.MAX_VERSIONS:
            vault.write(f"{name}/config", {"max_versions": policies.MAX_VERSIONS})


def missing_engines(vault: Vault) -> list[str]:
    """The missing audit devices, secrets engines and logins."""
    return [
        *(f"audit device '{name}'" for name in _missing(_AUDIT, vault.read("sys/audit") or {})),
        *(f"secrets engine '{name}'" for name in _missing(_ENGINES, vault.read("sys/mounts") or {})),
        *(f"login '{name}'" for name in _missing([USERPASS], vault.read("sys/auth") or {})),
    ]


def ensure_certificates(vault: Vault, *, name: str, bundle: str, host_names: Sequence[str]) -> None:
    """Issue certificates with the CA in the bundle, or else with a CA that the vault generates."""
    _ensure_authority(vault, name=name, bundle=bundle)
    _ensure_certificate_role(vault, host_names)


def _ensure_authority(vault: Vault, *, name: str, bundle: str) -> None:
    if bundle:
        imported = vault.write(f"{policies.PKI}/config/ca", {"pem_bundle": bundle})["data"]
        issuers = [*(imported.get("imported_issuers") or []), *(imported.get("existing_issuers") or [])]
        vault.write(f"{policies.PKI}/config/issuers", {"default": issuers[0]})
    elif not vault.list(f"{policies.PKI}/issuers"):
        wanted = {"common_name": f"{name} authority", "key_type": "ec", "key_bits": 256, "ttl": TOKEN_TTL}
        vault.write(f"{policies.PKI}/root/generate/internal", wanted)


def _ensure_certificate_role(vault: Vault, host_names: Sequence[str]) -> None:
    # Only for IP addresses, `localhost`, the given names and their subdomains.
    role = {
        "allowed_domains": list(host_names),
        "allow_bare_domains": True,
        "allow_subdomains": True,
        "allow_wildcard_certificates": False,
        "allow_localhost": True,
        "allow_ip_sans": True,
        "key_type": "ec",
        "key_bits": 256,
        "ttl": "720h",
        "max_ttl": "9528h",
    }
    vault.write(f"{policies.PKI}/roles/{policies.PKI_ROLE}", role)


def ensure_policy(vault: Vault, name: str, text: str) -> None:
    """Write a policy if it differs; it applies to the next request of every token that has it."""
    if not has_policy(vault, name, text):
        vault.write(f"sys/policies/acl/{name}", {"policy": text})


def has_policy(vault: Vault, name: str, text: str) -> bool:
    """Whether a policy has this text."""
    return (vault.read(f"sys/policies/acl/{name}") or {}).get("policy") == text


def ensure_token(vault: Vault, token: str, *, policy: str = policies.ADMINISTRATOR) -> str:
    """Return the stack's own token if it is valid; otherwise a new orphan token."""
    if token and accepts(vault, token, policy=policy):
        return token
    new = "".join(secrets.choice(_TOKEN_ALPHABET) for _ in range(_TOKEN_LENGTH))
    readmit_token(vault, new, policy=policy)
    return new


def readmit_token(vault: Vault, token: str, *, policy: str = policies.ADMINISTRATOR) -> None:
    """Create this exact token: a snapshot may be older than the token that clients use."""
    wanted = {
        "id": token,
        "policies": [policy],
        "ttl": TOKEN_TTL,
        "display_name": policy,
        "renewable": True,
    }
    vault.write("auth/token/create-orphan", wanted)


def accepts(vault: Vault, token: str, *, policy: str = policies.ADMINISTRATOR) -> bool:
    """Whether a token is valid and has this policy and no other."""
    found = vault.look_up(token)
    return found is not None and set(found["policies"]) == {policy, "default"}


def ensure_tags(vault: Vault, tags: Mapping[str, str]) -> None:
    """Replace the tags: custom metadata of one path, without a secret."""
    if read_tags(vault) != dict(tags):
        vault.write(f"{policies.SECRETS}/metadata/{TAGS_PATH}", {"custom_metadata": dict(tags)})


def read_tags(vault: Vault) -> dict[str, str] | None:
    """The tags; None if there are none."""
    found = vault.read(f"{policies.SECRETS}/metadata/{TAGS_PATH}")
    return None if found is None else dict(found.get("custom_metadata") or {})


def revoke_other_root_tokens(vault: Vault) -> None:
    """Revoke root tokens left behind by killed runs; the client's own one is kept."""
    own = (vault.read("auth/token/lookup-self") or {})["accessor"]
    for accessor in vault.list("auth/token/accessors"):
        if accessor != own and "root" in vault.policies_of(accessor):
            vault.revoke_accessor(accessor)


def revoke_other_administrators(vault: Vault, token: str) -> None:
    """Revoke every other administrator token, replaced by this or an interrupted rotation."""
    own = (vault.look_up(token) or {})["accessor"]
    for accessor in vault.list("auth/token/accessors"):
        if accessor != own and policies.ADMINISTRATOR in vault.policies_of(accessor):
            vault.revoke_accessor(accessor)


def _missing(wanted: Iterable[str], found: Mapping[str, Any]) -> list[str]:
    return [name for name in wanted if f"{name}/" not in found]
