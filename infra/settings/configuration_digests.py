"""What a stack is configured to be, as digests by key: enough to tell that something changes, and what.

A stack that is locked against changes keeps them in its state. They must not give secrets away: what holds one is
digested so slowly that guessing does not pay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from infra.rules.datastores.datastore_properties import DatastoreProperties
from infra.rules.resources.properties import declared_properties
from infra.settings.models import Settings

ROUNDS = 200_000
"""Of PBKDF2, for what holds a secret; about a tenth of a second."""

_LENGTH = 16
_NOT_CONFIGURED = frozenset({"stack", "locks", "allowReplacement", "notices"})
"""The name, which may change; the locks themselves; what is no property of anything."""

_SECRET = frozenset(
    key for key, declared in declared_properties(DatastoreProperties).items() if declared.property.secret
)


def digests(settings: Settings) -> dict[str, str]:
    """Key (`storageAccount.tags`) to digest of its value, of all that management locks protect."""
    salt = settings.resource_group.id.lower().encode()
    return {key: _digest(value, salt) for key, value in _values(settings)}


def _values(settings: Settings) -> Iterator[tuple[str, object]]:
    for section, value in settings.model_dump(mode="json", by_alias=True).items():
        if section in _NOT_CONFIGURED:
            continue
        if isinstance(value, Mapping):
            yield from ((f"{section}.{key}", entry) for key, entry in value.items())
        else:
            yield section, value


def _digest(value: object, salt: bytes) -> str:
    text = json.dumps(value, sort_keys=True).encode()
    if _holds_secret(value):
        return hashlib.pbkdf2_hmac("sha256", text, salt, ROUNDS).hex()[:_LENGTH]
    return hashlib.sha256(salt + text).hexdigest()[:_LENGTH]


def _holds_secret(value: object) -> bool:
    entries = value if isinstance(value, list) else [value]
    return any(isinstance(entry, Mapping) and any(entry.get(key) for key in _SECRET) for entry in entries)
