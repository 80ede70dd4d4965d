"""The passphrase of the secrets of states, found as the Pulumi CLI finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import HostError
from infra.host import folders

VARIABLE, FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"


@dataclass(frozen=True)
class StatePassphrase:
    """A passphrase, and where it comes from."""

    text: str = field(repr=False)
    is_of_home: bool = False
    """Whether it is in the file of `MLW_HOME`, and not one that its user keeps elsewhere."""


def read(environment: Mapping[str, str]) -> StatePassphrase:
    """The passphrase of a run with an environment.

    Raises:
        HostError: The environment has none, or its file cannot be read.
    """
    if (given := environment.get(VARIABLE)) is not None:
        return StatePassphrase(given)
    if not (named := environment.get(FILE_VARIABLE)):
        raise HostError(
            f"reading the passphrase of the state: neither {VARIABLE} nor {FILE_VARIABLE} is set. Set one of them."
        )
    path = Path(named)
    try:
        return StatePassphrase(path.read_text(encoding="utf-8").strip(), is_of_home=path == folders.passphrase())
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise HostError(f"reading the passphrase of the state from '{path}': {reason}. Run `make setup`.") from exc
