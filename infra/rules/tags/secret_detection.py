"""Detect likely secrets by the name of a key or the form of a value.

Tags appear as plain text in cost reports, deployment history and logs (source G1), and so do error messages; both use
these functions. Only forms that rarely occur otherwise count, so that commit hashes, resource ids, addresses and
sentences pass.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_SECRET_WORDS = frozenset({"password", "passwd", "pwd", "passphrase", "secret", "token", "credential", "credentials"})
_SECRET_PAIRS = frozenset(
    {
        ("api", "key"),
        ("access", "key"),
        ("account", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("storage", "key"),
        ("shared", "key"),
        ("encryption", "key"),
        ("signing", "key"),
        ("connection", "string"),
    }
)
_JOINED_PAIRS = frozenset("".join(pair) for pair in _SECRET_PAIRS)
_HARMLESS_VALUES = frozenset({"", "-", "0", "false", "n/a", "na", "no", "none", "null", "true", "yes"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", re.ASCII)
_FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|(?i:\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|password|pwd)\s*=\s*\S)"
    r"|[?&]sig=[\w%+/-]{16}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20}|\bgithub_pat_\w{20}|\bglpat-[\w-]{16}"
    r"|\bxox[abprs]-[\w-]{10}|\bhvs\.\w{16}|\bpypi-\w{20}|\bnpm_\w{30}|\bsk-[\w-]{20}|\bpul-[0-9a-f]{40}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?i:\bbearer\s+[\w.~+/-]{16})|://[^/\s:@]+:[^/\s@]+@",
    re.ASCII,
)
_KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/]{39,}={0,2}", re.ASCII)
_RANDOM_BITS = 4.0


def is_secret_key(key: str) -> bool:
    """True if the name ``key`` suggests a secret, by its last word (`db-password`) or its last two words (`apiKey`)."""
    words = [word.lower() for word in _WORDS.findall(key)]
    if not words:
        return False
    return words[-1] in _SECRET_WORDS or words[-1] in _JOINED_PAIRS or tuple(words[-2:]) in _SECRET_PAIRS


def is_secret_value(value: str) -> bool:
    """True if ``value`` has the form of a credential, or is a long random string."""
    if len(value) < 8:  # noqa: PLR2004 - shorter than the shortest form
        return False
    return _FORMS.search(value) is not None or _is_random(value)


def looks_like_secret(key: str, value: str) -> bool:
    """True if ``value``, stored under the name ``key``, is probably a secret."""
    return (value.strip().lower() not in _HARMLESS_VALUES and is_secret_key(key)) or is_secret_value(value)


def _is_random(value: str) -> bool:
    """True for long base64 strings with upper and lower case, digits and high entropy; false for hex digests."""
    if _KEY_MATERIAL.fullmatch(value) is None:
        return False
    classes = (str.isupper, str.islower, str.isdigit)
    if not all(any(test(ch) for ch in value) for test in classes):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy > _RANDOM_BITS
