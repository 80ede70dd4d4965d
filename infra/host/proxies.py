"""Proxy settings of the environment: loopback and the engine are always excluded.

Clients disagree about the variables: Go reads both spellings, Python prefers lower case, gRPC reads only lower case and
prefers its own variable. So all of them get the same value.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
EXCEPTIONS = ("no_proxy", "NO_PROXY")
GRPC_EXCEPTIONS = "no_grpc_proxy"
EVERYTHING = "*"


def exceptions(given: Mapping[str, str], *, engine: str) -> dict[str, str]:
    """Variables with the hosts that are excluded from proxies: the given ones, loopback and the engine.

    Args:
        given: The environment.
        engine: The engine's address.
    """
    direct = [*LOOPBACK, *_host(engine)]
    known = _merged([given.get(name, "") for name in EXCEPTIONS], direct)
    # Few clients understand `*` within a list.
    everything = EVERYTHING in known.split(",")
    variables = dict.fromkeys(EXCEPTIONS, EVERYTHING if everything else known)
    if everything or given.get(GRPC_EXCEPTIONS):
        # gRPC does not support `*`.
        variables[GRPC_EXCEPTIONS] = _merged([given.get(GRPC_EXCEPTIONS, "")], direct)
    return variables


def _merged(lists: list[str], more: list[str]) -> str:
    entries = [entry.strip() for text in lists for entry in text.split(",")]
    return ",".join(dict.fromkeys([*filter(None, entries), *more]))


def _host(engine: str) -> list[str]:
    try:
        url = urlsplit(engine)
    except ValueError:  # an invalid address, which is reported when connecting to the engine
        return []
    return [url.hostname] if url.scheme in {"tcp", "http", "https"} and url.hostname else []
