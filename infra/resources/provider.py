"""What all dynamic providers of the project share: diff by input, quiet errors, code that stays out of the state.

A provider class holds no state and captures nothing; it is stored by reference (module and name), so a change of its
code never shows up as a change of a resource.
"""

from __future__ import annotations

import atexit
import gc
import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from pulumi.dynamic import ConfigureRequest, DiffResult, ReadResult, ResourceProvider, UpdateResult

from infra.errors import MlWorkspaceError, ServiceError

Props = dict[str, Any]
"""Property bag as Pulumi hands it over: JSON values, secrets unwrapped, all numbers floats."""


class Provider(ResourceProvider):
    """Base of the dynamic providers."""

    serialize_as_secret_always = False
    """The stored code captures no secret, so it need not be encrypted at every write of the state."""

    inputs: ClassVar[tuple[str, ...]]
    """Properties that the program sets; a change of any of them is an update in place."""

    def configure(self, req: ConfigureRequest) -> None:  # noqa: ARG002 - the signature is Pulumi's
        """Called once in the provider process, before any verb."""
        logging.getLogger("grpc._server").addFilter(_is_a_defect)
        # The engine waits for the process to end; the interpreter's last look for garbage leaves out what is frozen.
        atexit.register(gc.freeze)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Report which inputs changed. Nothing is ever replaced: each kind updates in place or refuses."""
        return DiffResult(changes=bool(self.changed(_olds, _news)))

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Names of the inputs that differ."""
        return [key for key in self.inputs if olds.get(key) != news.get(key)]

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Update the resource; without an own implementation the new inputs replace the old ones in the state."""
        return UpdateResult(outs={**_olds, **_news})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Read the real state. That of a service which does not answer, or refuses to, is unknown: the old one stands.

        What is wrong with such a service shows at the resource that mends it, e.g. at the key vault's opening.
        """
        try:
            return self.observe(id_, props)
        except ServiceError:
            return ReadResult(id_, props)

    def observe(self, id_: str, props: Props) -> ReadResult:
        """Look at the resource itself; without an own implementation there is nothing beyond the state to look at."""
        return ReadResult(id_, props)


def _is_a_defect(record: logging.LogRecord) -> bool:
    """Keep the traceback of an error that is ours to tell the user in one message out of the output."""
    return not (record.exc_info and isinstance(record.exc_info[1], MlWorkspaceError))
