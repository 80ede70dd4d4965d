"""All secrets of a stack, and where one of them is visible in plain text or base64.

A sighting names the secret by where it is stored, never by its value, so that a failing test reveals nothing.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key that marks a secret in a state that Pulumi exports."""

SHORTEST = 16
"""Generated secrets have 20 characters and more; shorter words are names and numbers."""

_WORD = re.compile(r"[^\s\"'`,;:{}()\[\]]+")
_LEFT_OUT = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----|https?://\S+", re.DOTALL)
_PUBLIC = re.compile(r"(?:/[a-z][a-z0-9._-]*)+|MI[IG].{61}")
"""A path, and the first line of a private key's file, which precedes the key. Base64 may begin like either."""


def words_of_state(exported: Mapping[str, Any], *, public: str) -> dict[str, str]:
    """Return the secret words of ``pulumi stack export --show-secrets``, each with the place that stores it.

    Args:
        exported: The parsed export.
        public: Public text: words that also occur in it are not secrets (names, certificates, code).
    """
    found: dict[str, str] = {}
    for resource in exported["deployment"]["resources"]:
        name = resource["urn"].rpartition("::")[2]
        for part in ("inputs", "outputs"):
            for path, value in _secret_texts(resource.get(part) or {}, f"{name}.{part}"):
                for word in words_of(value):
                    if word not in public:
                        found.setdefault(word, path)
    return found


def words_of(text: str) -> Iterator[str]:
    """Return the possible secrets in a text: long words with letters and digits, lines of private keys.

    A generated word can happen to have no digit: if it is the whole text, capitals also distinguish it from a name.
    """
    for word in _WORD.findall(_LEFT_OUT.sub(" ", text)):
        mixed = any(c.isdigit() for c in word) or (word == text and word != word.lower())
        if len(word) >= SHORTEST and mixed and not _PUBLIC.fullmatch(word):
            yield word


def _secret_texts(node: object, path: str, *, inside: bool = False) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        if inside:
            yield path, node
    elif isinstance(node, Mapping):
        if SIGNATURE in node and "plaintext" in node:
            yield from _secret_texts(json.loads(node["plaintext"]), path, inside=True)
        else:
            for key, value in node.items():
                yield from _secret_texts(value, f"{path}.{key}", inside=inside)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _secret_texts(value, f"{path}[{index}]", inside=inside)


def spellings(word: str) -> list[bytes]:
    """Return the word itself and its base64 forms at every alignment within a longer text."""
    raw = word.encode()
    encoded = []
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
        # The first characters mix with the preceding bytes, the last one with the following ones.
        encoded.append(whole[(0, 2, 3)[shift] : -1].encode())
    return [raw, *encoded]


def sightings(content: bytes, secrets: Mapping[str, str]) -> list[str]:
    """Return the places of the secrets that the content reveals."""
    return sorted({place for word, place in secrets.items() if any(one in content for one in spellings(word))})


def sighted(contents: Mapping[str, bytes], secrets: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Return by name every content that reveals a secret, with the places that store the secret."""
    found = {name: sightings(content, secrets) for name, content in contents.items()}
    return {name: places for name, places in found.items() if places}
