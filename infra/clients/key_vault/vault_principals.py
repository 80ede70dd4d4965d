"""Principals in a stack's key vault: each has a policy, a user, and a secret with all its credentials."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_engines import USERPASS, ensure_policy, has_policy
from infra.rules.roles import vault_policies as policies

Access = Mapping[str, Any]
"""`policy` (HCL), `password`, and `secret`: the content of the principal's own secret.

With `is_compute` a token can be renewed without end: jobs and deployments run longer than a day.
"""

_WORKERS = 4

_BCRYPT_ROUNDS = 5
"""Low: a random password of forty characters cannot be guessed, and Vault's default of ten takes 60 ms per login."""


def ensure_principals(vault: Vault, wanted: Mapping[str, Access], known: Mapping[str, Access]) -> None:
    """Create the wanted principals and remove all others.

    Args:
        vault: With a root token.
        wanted: Principals by name.
        known: Principals as last applied; a changed password is set, and the user's tokens are revoked.
    """
    users = set(vault.list(f"auth/{USERPASS}/users"))
    allowed = {name.lower() for name, access in wanted.items() if access["policy"]}
    for user in users - allowed:
        remove_user(vault, user)
    for name in set(vault.list(f"{policies.PRINCIPALS}/metadata")) - set(wanted):
        vault.delete(f"{policies.PRINCIPALS}/metadata/{name}")
    with ThreadPoolExecutor(_WORKERS) as pool:
        for done in [
            pool.submit(_ensure, vault, name, access, known.get(name), name.lower() in users)
            for name, access in wanted.items()
        ]:
            done.result()


def damaged(vault: Vault, wanted: Mapping[str, Access]) -> list[str]:
    """Principals whose policy or user is missing or differs."""
    users = set(vault.list(f"auth/{USERPASS}/users"))
    return [
        f"principal '{name}'"
        for name, access in wanted.items()
        if access["policy"]
        and not (name.lower() in users and has_policy(vault, policies.principal_policy_name(name), access["policy"]))
    ]


def remove_user(vault: Vault, user: str) -> None:
    """Remove a user with its policy, and revoke its tokens."""
    vault.delete(f"auth/{USERPASS}/users/{user}")
    vault.delete(f"sys/policies/acl/{policies.principal_policy_name(user)}")
    end_logins(vault, user)


def log_in(vault: Vault, user: str, password: str) -> str:
    """Log in, and return the token, which expires after an hour unless it is renewed."""
    return str(vault.write(f"auth/{USERPASS}/login/{user}", {"password": password})["auth"]["client_token"])


def extend(vault: Vault) -> None:
    """Extend the vault's own token, which a login has returned, by another hour."""
    vault.write("auth/token/renew-self")


def end_logins(vault: Vault, user: str) -> None:
    """Revoke all tokens of the user's logins, regardless of case; returns when they are revoked."""
    logins = f"auth/{USERPASS}/login"
    for login in vault.list(f"sys/leases/lookup/{logins}"):
        if login.rstrip("/").lower() == user:
            vault.write(f"sys/leases/revoke-prefix/{logins}/{login}", {"sync": True})


def _ensure(vault: Vault, name: str, access: Access, known: Access | None, is_user: bool) -> None:  # noqa: FBT001
    if access["policy"]:
        ensure_policy(vault, policies.principal_policy_name(name), access["policy"])
        _ensure_user(vault, name.lower(), access, known, is_user=is_user)
    path = f"{policies.PRINCIPALS}/data/{name}"
    if (vault.read(path) or {}).get("data") != access["secret"]:
        vault.write(path, {"data": access["secret"]})


def _ensure_user(vault: Vault, user: str, access: Access, known: Access | None, *, is_user: bool) -> None:
    is_same = bool(is_user and known and known["password"] == access["password"])
    if is_same and known and known.get("is_compute") == access.get("is_compute"):
        return
    import bcrypt

    wanted = {
        "password_hash": bcrypt.hashpw(access["password"].encode(), bcrypt.gensalt(_BCRYPT_ROUNDS)).decode(),
        "token_policies": [policies.principal_policy_name(user)],
        "token_no_default_policy": True,
        "token_ttl": "1h",
        "token_max_ttl": "24h",
        # Each renewal is for so long again, and `token_max_ttl` does not apply.
        "token_period": "1h" if access.get("is_compute") else "0",
    }
    vault.write(f"auth/{USERPASS}/users/{user}", wanted)
    if is_user and not is_same:
        end_logins(vault, user)
