"""Access to a stack's key vault for commands: address, retention, token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.clients.connection_errors import reporting_unreachable
from infra.clients.key_vault.vault import Vault, explaining
from infra.clients.service_connection import ServiceConnection
from infra.errors import SharedResourceError
from infra.rules.resources.component_types import KEY_VAULT
from infra.rules.resources.resource_ids import parse_resource_id
from mlw.stacks.stacks import NotUpError, Stack

KIND = "VaultConfiguration"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyVaultAccess:
    """The stack's own key vault.

    Attributes:
        props: Properties of the resource that configures the vault, decrypted: `address`, `ca_certificate`, `token`,
            `unseal_key` and what it applies.
    """

    name: str
    retention_days: int
    purge_protection: bool
    props: Mapping[str, Any]

    @contextmanager
    def connected(self, doing: str, *, as_administrator: bool = True) -> Iterator[Vault]:
        """Connect to the vault; failures inside the block become one error.

        Args:
            doing: What is being done, e.g. ``listing the secrets``.
            as_administrator: Use the stack's own token; otherwise none.
        """
        with (
            explaining(f"{doing} of key vault '{self.name}'"),
            reporting_unreachable("key vault", self.props["address"]),
        ):
            yield Vault(
                ServiceConnection(
                    endpoint=self.props["address"],
                    credentials={"token": self.props["token"]} if as_administrator else {},
                    ca_certificate=self.props["ca_certificate"],
                )
            )


def access(stack: Stack) -> KeyVaultAccess:
    """Find a stack's key vault and decrypt what the state holds for it.

    Raises:
        NotUpError: The stack has none yet.
        SharedResourceError: Another stack owns the vault.
        WrongPassphraseError: The passphrase does not decrypt the state.
    """
    identity = str(stack.require_outputs()["workspace"]["keyVault"])
    own = [one["inputs"] for one in stack.components if one["type"] == KEY_VAULT]
    if identity not in [settings["resourceId"] for settings in own]:
        raise SharedResourceError(
            f"using key vault '{parse_resource_id(identity).name}' of stack '{stack.name}': another stack owns it. "
            "Run the command with that stack."
        )
    props = stack.secret_outputs(KIND)
    if props is None:
        raise NotUpError(
            f"using the key vault of stack '{stack.name}': it was set up by an older version. "
            f"Run `make up STACK={stack.name}`."
        )
    return KeyVaultAccess(
        name=own[0]["name"],
        retention_days=int(own[0]["softDeleteRetentionInDays"]),
        purge_protection=bool(own[0]["enablePurgeProtection"]),
        props=props,
    )
