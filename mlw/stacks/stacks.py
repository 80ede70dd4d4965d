"""Stacks of the state backend: their state, and its secrets on request.

A file backend is read directly, which takes milliseconds and no passphrase; any other through the Pulumi CLI.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients.state import stack_states, state_passphrase, state_secrets
from infra.clients.state.passphrase_cipher import SaltFormatError, UndecryptableError
from infra.errors import MlWorkspaceError, UnknownStackError
from infra.host import folders, project, state_backend
from infra.host.near_names import suggestion
from infra.host.project import PROJECT
from infra.rules.resources.component_types import COMPONENT_TYPES, WORKSPACE
from infra.rules.stack.expiry import Expiry
from mlw.lifecycle import checkpoints, pulumi_cli, state_files
from mlw.lifecycle import stack_context as contexts
from mlw.lifecycle.checkpoints import Checkpoint
from mlw.lifecycle.lifecycle_errors import DamagedStateError
from mlw.lifecycle.stack_context import Context

_EXPORT_VERSION = 3
"""Version of the CLI's export format; the file backend counts differently."""


class NotUpError(MlWorkspaceError):
    """The stack has never been deployed successfully."""


@dataclass(frozen=True)
class Stack:
    """One stack with a state."""

    context: Context
    checkpoint: Checkpoint

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self.context.stack

    @property
    def stack_id(self) -> str:
        """Identity of the stack; empty if its first update stopped early."""
        return stack_states.identity_of(self.checkpoint.resources)

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs after its last update; secret ones stay encrypted."""
        return self.checkpoint.outputs

    @property
    def is_complete(self) -> bool:
        """Whether an update has succeeded, so that there are endpoints and a record."""
        return bool(self.outputs.get("endpoints") and self.outputs.get("workspace"))

    @property
    def components(self) -> list[Mapping[str, Any]]:
        """The Azure resources that are the stack's own: `type` and `inputs`."""
        return [resource for resource in self.checkpoint.resources if resource["type"] in COMPONENT_TYPES]

    @property
    def expiry(self) -> Expiry | None:
        """When the stack expires; None for never."""
        return stack_states.expiry_of(self.checkpoint.resources)

    @property
    def ca_certificate(self) -> str:
        """CA certificates (PEM) of the endpoints; empty when all are plain HTTP."""
        return str(self.outputs.get("certificateAuthority") or "")

    @property
    def serves_tls(self) -> bool:
        """Whether the stack's own services have certificates."""
        return any(resource["type"].endswith(":CertificateAuthority") for resource in self.checkpoint.resources)

    @property
    def workspace(self) -> Mapping[str, Any]:
        """The record; before the first update has succeeded, its inputs; empty without a workspace."""
        if self.is_complete:
            return dict(self.outputs["workspace"])
        found = (component["inputs"] for component in self.components if component["type"] == WORKSPACE)
        return next(found, {})

    def require_present_version(self) -> None:
        """Reject a stack whose state has the format of an earlier version.

        Raises:
            EarlierVersionError: An earlier version created it, and it has not been upgraded.
        """
        stack_states.refuse_earlier_version(self.checkpoint.resources, stack=self.name)

    def require_outputs(self) -> Mapping[str, Any]:
        """Return the outputs of a stack that is up.

        Raises:
            NotUpError: It is not.
        """
        if not self.is_complete:
            raise NotUpError(
                f"reading the outputs of stack '{self.name}': it has never been deployed successfully. Run `make up "
                f"STACK={self.name}`."
            )
        return self.outputs

    def credentials(self) -> dict[str, Any]:
        """Decrypt the credentials.

        Raises:
            NotUpError: The stack has none yet.
            WrongPassphraseError: The passphrase does not decrypt the state.
        """
        self.require_outputs()
        return dict(self._decrypted(lambda checkpoint: checkpoint.outputs["credentials"]))

    def secret_outputs(self, kind: str) -> dict[str, Any] | None:
        """Outputs of the first resource of a type, decrypted; None if the stack has none.

        Args:
            kind: Last part of the resource's type, e.g. ``VaultConfiguration``.

        Raises:
            WrongPassphraseError: The passphrase does not decrypt the state.
        """

        def outputs(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 - JSON
            found = (r for r in checkpoint.resources if str(r["type"]).endswith(f":{kind}"))
            return next((r["outputs"] for r in found), None)

        return None if outputs(self.checkpoint) is None else dict(self._decrypted(outputs))

    def _decrypted(self, select: Callable[[Checkpoint], Any]) -> Any:  # noqa: ANN401 - JSON
        """What a function selects from the present state, which a rotation may have changed since this one was read.

        If there is no passphrase but a key service, the CLI decrypts.
        """
        context = self.context
        checkpoint = _checkpoint(context)
        if checkpoint.salt is None:
            exported = pulumi_cli.query(context, ["stack", "export", "--show-secrets", f"--stack={self.name}"])
            return state_secrets.decrypted(select(_of_export(exported)))
        try:
            cipher = state_secrets.cipher_of(checkpoint.latest, state_passphrase.read(context.environment))
            if cipher is None:
                raise pulumi_cli.wrong_passphrase(context)
            return state_secrets.decrypted(select(checkpoint), cipher)
        except (SaltFormatError, UndecryptableError) as exc:
            raise DamagedStateError(
                f"decrypting the secrets of stack '{self.name}': {exc}, although the passphrase is right. The state is "
                "damaged. Nothing was changed. Restore its file from a backup."
            ) from exc


def open_stack(name: str) -> Stack:
    """Read one stack.

    Raises:
        UnknownStackError: The backend has no such stack; the message lists its stacks.
        DamagedStateError: Its state cannot be read.
    """
    context = context_of(name)
    known = names()
    if name not in known:
        is_configured = name in project.configured_stacks()
        choice = "Choose one of them." if known else "Run `make up` for one."
        advice = f"Run `make up STACK={name}` first." if is_configured else choice
        raise UnknownStackError(
            f"looking for stack '{name}': no such stack in this state backend.{suggestion(name, known)} "
            f"Stacks: {', '.join(known) or 'none'}. {advice}"
        )
    return Stack(context, _checkpoint(context))


def open_stacks(on_error: Callable[[str], None]) -> Iterator[Stack]:
    """Read all stacks; one that cannot be read is reported and skipped."""
    for name in names():
        context = context_of(name)
        try:
            yield Stack(context, _checkpoint(context))
        except MlWorkspaceError as exc:
            on_error(str(exc))


def names() -> list[str]:
    """Names of the project's stacks in the backend, in alphabetical order."""
    context = context_of("-")
    if context.backend_folder:
        return sorted(state_backend.state_files(context.backend_folder, PROJECT))
    listed = json.loads(pulumi_cli.query(context, ["stack", "ls", "--json"]))
    return sorted(entry["name"].rpartition("/")[2] for entry in listed)


def context_of(name: str) -> Context:
    """Return the context of a stack; does not validate the name."""
    return Context(stack=name, environment=contexts.suitable(os.environ), home=folders.home())


def _checkpoint(context: Context) -> Checkpoint:
    found = state_files.read(context)
    if found is not None:
        return found
    return _of_export(pulumi_cli.query(context, ["stack", "export", f"--stack={context.stack}"]))


def _of_export(text: str) -> Checkpoint:
    exported = json.loads(text)
    document = {"version": _EXPORT_VERSION, "checkpoint": {"latest": exported["deployment"]}}
    return checkpoints.parse(json.dumps(document).encode())
