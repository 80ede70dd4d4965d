"""Datastores of type S3: a bucket in an external object store, with keys stored encrypted in the stack file.

The external store is not contacted; only the form of its address and keys is checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import urlsplit

from infra.rules.policy.rule import StackRule
from infra.rules.violation import Violation

S3 = "S3"
KEYS = StackRule("datastore-forbid-keys-of-s3", "Only a datastore of type S3 has an endpoint, a region and keys.")
COMPLETE = StackRule("datastore-s3-require-keys", "A datastore of type S3 has an endpoint and keys.")
ENDPOINT = StackRule("datastore-s3-require-endpoint", "An S3 endpoint is http(s)://host[:port], without a user.")
BUCKET = StackRule(
    "datastore-s3-require-bucket-name", "The container of a datastore of type S3 is a legal bucket name."
)
ENCRYPTED = StackRule(
    "datastore-s3-require-encrypted-secret", "The secret of a datastore of type S3 is encrypted in the stack file."
)

SECRET = "secretAccessKey"  # noqa: S105 - the key's name
_EXAMPLES: Mapping[str, str] = {
    "endpoint": "'https://s3.eu-west-1.amazonaws.com'",
    "region": "'eu-west-1'",
    "accessKeyId": "the store's access key",
    SECRET: "the secret that belongs to it",
}
_OPTIONAL = frozenset({"region"})
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]", re.ASCII)


def check_here(datastore: Mapping[str, object]) -> Iterator[Violation]:
    """Reject endpoint, region and keys on a datastore that is not of type S3."""
    for key in _EXAMPLES:
        if key in datastore:
            yield Violation(
                rule=KEYS,
                key=key,
                value=datastore[key],
                found="this datastore uses the workspace's own storage account",
                allowed=f"'{key}' only for type {S3}",
                fix=f"remove the key, or set 'type' to '{S3}'",
                secret=True,
            )


def check_elsewhere(datastore: Mapping[str, object], *, encrypted: Collection[str]) -> Iterator[Violation]:
    """Violations in a datastore of type S3.

    Args:
        datastore: The entry.
        encrypted: Its keys that are encrypted in the stack file.
    """
    for key, example in _EXAMPLES.items():
        if not datastore.get(key) and key not in _OPTIONAL:
            yield Violation(
                rule=COMPLETE,
                key=key,
                value=None,
                found=f"missing, but required for a datastore of type {S3}",
                allowed=f"e.g. {example}",
                fix=_how_to_encrypt() if key == SECRET else f"set '{key}'",
            )
    if datastore.get(SECRET) and SECRET not in encrypted:
        yield Violation(
            rule=ENCRYPTED,
            key=SECRET,
            value=datastore[SECRET],
            found="the secret is in plain text",
            allowed="a secret of the stack's configuration (secure: …), encrypted with the stack's passphrase",
            fix=f"{_how_to_encrypt()}, and replace the key in the external store: this one has been exposed",
            secret=True,
        )
    if datastore.get("endpoint"):
        yield from _check_endpoint(str(datastore["endpoint"]))
    container = datastore.get("container")
    if container is not None and not _is_bucket(str(container)):
        yield Violation(
            rule=BUCKET,
            key="container",
            value=container,
            found="not a legal bucket name",
            allowed="3-63 characters of a-z, 0-9, '.' and '-', starting and ending with a letter or digit, no '..', "
            "not an IP address",
            fix="set 'container' to the bucket's name, e.g. 'features'",
        )


def _how_to_encrypt() -> str:
    return (
        "run `pulumi config set --secret --path 'ml-workspace:datastores[N].secretAccessKey'`, where N is its index in "
        "the list, starting at 0"
    )


def _check_endpoint(endpoint: str) -> Iterator[Violation]:
    found = _wrong_with(endpoint)
    if found:
        yield Violation(
            rule=ENDPOINT,
            key="endpoint",
            value=endpoint,
            found=found,
            allowed="http(s)://host[:port], without a user, path, query or fragment",
            fix=f"set 'endpoint' to e.g. {_EXAMPLES['endpoint']}",
            secret="@" in endpoint,
        )


def _wrong_with(endpoint: str) -> str:
    try:
        url = urlsplit(endpoint)
        port_is_legal = url.port is None or url.port > 0
    except ValueError:
        return "not a URL"
    if url.scheme not in {"http", "https"} or not url.hostname or not port_is_legal or endpoint != endpoint.strip():
        return "not an http(s) URL with a host"
    if "@" in url.netloc:
        return "it contains a user"
    if url.path not in {"", "/"} or url.query or url.fragment:
        return "it contains more than scheme, host and port"
    return ""


def _is_bucket(name: str) -> bool:
    return _BUCKET.fullmatch(name) is not None and ".." not in name and _ADDRESS.fullmatch(name) is None
