"""Digests of a stack's configuration by key, to detect which keys change.

A stack with a ReadOnly lock keeps them in its state. They must not reveal secrets, so values with a secret use a slow
digest that makes guessing impractical.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from infra.rules.datastores.datastore_properties import DatastoreProperties
from infra.rules.resources.properties import declared_properties
from infra.settings.models import Settings

ROUNDS = 200_000
"""Rounds of PBKDF2 for values with a secret; about a tenth of a second."""

_LENGTH = 16
_NOT_CONFIGURED = frozenset({"stack", "locks", "allowReplacement", "notices"})
"""The stack's name, which may change; the locks themselves; settings that are not properties of a resource."""

_OPTIONAL = frozenset({"computes", "inference.identities"})
"""Lists that switch something on."""

_SECRET = frozenset(
    key for key, declared in declared_properties(DatastoreProperties).items() if declared.property.secret
)


def digests(settings: Settings) -> dict[str, str]:
    """Map each key (`storageAccount.tags`) that management locks protect to the digest of its value."""
    salt = settings.resource_group.id.lower().encode()
    return {key: _digest(value, salt) for key, value in _values(settings)}


def _values(settings: Settings) -> Iterator[tuple[str, object]]:
    for section, value in settings.model_dump(mode="json", by_alias=True).items():
        # What is switched off is left out, as by a version that did not know it.
        if section in _NOT_CONFIGURED or value is None or (section in _OPTIONAL and not value):
            continue
        if isinstance(value, Mapping):
            listed = ((f"{section}.{key}", entry) for key, entry in value.items())
            yield from ((key, entry) for key, entry in listed if entry or key not in _OPTIONAL)
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
