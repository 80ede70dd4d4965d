"""Apply and compare a key vault's whole configuration, in `pulumi up` and after restoring a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.clients.key_vault import vault_engines as wanted
from infra.clients.key_vault.vault import Vault
from infra.clients.key_vault.vault_principals import Access, damaged, ensure_principals
from infra.clients.parallel import submit
from infra.rules.roles import vault_policies as policies


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """The configuration of a stack's key vault; see :class:`VaultConfiguration` for the fields."""

    vault_name: str
    tags: Mapping[str, str]
    purge_protection: bool
    principals: Mapping[str, Access]
    host_names: Sequence[str]
    ca_bundle: str

    @classmethod
    def of(cls, props: Mapping[str, Any]) -> Setup:
        """Read it from a resource's properties."""
        return cls(**{name: props[name] for name in cls.__slots__})

    @property
    def administrator(self) -> str:
        """Policy of the stack's own token."""
        return policies.administrator(purge_protection=self.purge_protection)


def apply(vault: Vault, setup: Setup, *, token: str, known: Mapping[str, Access]) -> str:
    """Apply everything that is missing or differs.

    Args:
        vault: With a root token.
        setup: The wanted configuration.
        token: The stack's current token; empty for a new one.
        known: Principals as last applied.

    Returns:
        The stack's token from now on.
    """
    # First: everything after it is in the audit log.
    wanted.ensure_audit(vault)
    with ThreadPoolExecutor() as pool:
        others = submit(pool, wanted.revoke_other_root_tokens, vault)
        # Mounts block each other. The login comes last, because it hashes a password, which takes longest of all.
        wanted.ensure_engines(vault)
        logins = submit(pool, wanted.ensure_logins, vault)
        certificates = submit(
            pool,
            wanted.ensure_certificates,
            vault,
            name=setup.vault_name,
            bundle=setup.ca_bundle,
            host_names=setup.host_names,
        )
        versions = submit(pool, wanted.ensure_versions, vault)
        wanted.ensure_policy(vault, policies.ADMINISTRATOR, setup.administrator)
        token = wanted.ensure_token(vault, token)
        wanted.ensure_tags(vault, setup.tags)
        logins.result()
        ensure_principals(vault, setup.principals, known)
        for one in (others, versions, certificates):
            one.result()
    return token


def missing(vault: Vault, setup: Setup, *, token: str) -> list[str]:
    """List what is missing or differs, except tags."""
    return [
        *wanted.missing_engines(vault),
        *damaged(vault, setup.principals),
        *([] if wanted.accepts(vault, token) else ["the stack's token"]),
        *([] if wanted.has_policy(vault, policies.ADMINISTRATOR, setup.administrator) else ["its policy"]),
    ]
