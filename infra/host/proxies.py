"""Proxies of the environment: loopback and the engine never go through one.

Clients disagree about the names: Go reads both spellings, Python's prefer the lower case, gRPC reads nothing else and
rates its own name first. So all names that are in use say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
EXCEPTIONS = ("no_proxy", "NO_PROXY")
GRPC_EXCEPTIONS = "no_grpc_proxy"
EVERYTHING = "*"


def exceptions(given: Mapping[str, str], *, engine: str) -> dict[str, str]:
    """Variables that name the hosts without a proxy: those that were given, loopback and the engine.

    Args:
        given: The environment.
        engine: The engine's address.
    """
    direct = [*LOOPBACK, *_host(engine)]
    known = _merged([given.get(name, "") for name in EXCEPTIONS], direct)
    # What is no list any more is understood by few.
    everything = EVERYTHING in known.split(",")
    variables = dict.fromkeys(EXCEPTIONS, EVERYTHING if everything else known)
    if everything or given.get(GRPC_EXCEPTIONS):
        # gRPC does not know the sign for everything.
        variables[GRPC_EXCEPTIONS] = _merged([given.get(GRPC_EXCEPTIONS, "")], direct)
    return variables


def _merged(lists: list[str], more: list[str]) -> str:
    entries = [entry.strip() for text in lists for entry in text.split(",")]
    return ",".join(dict.fromkeys([*filter(None, entries), *more]))


def _host(engine: str) -> list[str]:
    try:
        url = urlsplit(engine)
    except ValueError:  # no address at all, which whoever connects to the engine tells
        return []
    return [url.hostname] if url.scheme in {"tcp", "http", "https"} and url.hostname else []
