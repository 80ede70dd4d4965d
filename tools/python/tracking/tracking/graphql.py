"""The operations that a GraphQL query needs, from the fields that it selects.

MLflow's page reads runs and experiments by GraphQL. Queries whose fields are all known are allowed; mutations and
everything unknown are refused, because one address serves them all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_OPERATIONS = {
    "mlflowGetExperiment": "experiments/read",
    "mlflowGetMetricHistoryBulkInterval": "runs/read",
    "mlflowGetRun": "runs/read",
    "mlflowListArtifacts": "runs/read",
    "mlflowSearchModelVersions": "models/read",
    "mlflowSearchRuns": "runs/read",
}
"""What the fields at the root of a query read."""

_NESTED = {"experiment": "experiments/read", "modelVersions": "models/read"}
"""Fields of a run that read something else."""


class RefusedQueryError(Exception):
    """The query is not one that the server runs."""


def operations_of(body: bytes) -> frozenset[str]:
    """Return the operations that are needed, all of them.

    Raises:
        RefusedQueryError: It is no query, or selects a field that is not known.
    """
    # Only MLflow's page sends queries, and few clients show it.
    from graphql import GraphQLError, parse  # noqa: PLC0415

    try:
        definitions = parse(json.loads(body)["query"]).to_dict()["definitions"]
    except (GraphQLError, ValueError, KeyError, TypeError) as exc:
        raise RefusedQueryError("the body is not a GraphQL query") from exc
    roots = {name for definition in definitions for name in _root_fields(definition)}
    if unknown := sorted(roots - _OPERATIONS.keys()):
        raise RefusedQueryError(f"the field '{unknown[0]}' is not served; served: {', '.join(sorted(_OPERATIONS))}")
    nested = {name for definition in definitions for name in _all_fields(definition)} & _NESTED.keys()
    return frozenset({_OPERATIONS[name] for name in roots} | {_NESTED[name] for name in nested})


def _root_fields(definition: Mapping[str, Any]) -> Iterator[str]:
    if definition["kind"] == "fragment_definition":
        return
    if definition.get("operation") != "query":
        raise RefusedQueryError(f"a {definition.get('operation', 'definition')} is not served; served: query")
    for selection in definition["selection_set"]["selections"]:
        if selection["kind"] != "field":
            raise RefusedQueryError("a fragment at the root of a query is not served")
        yield selection["name"]["value"]


def _all_fields(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        if node.get("kind") == "field":
            yield node["name"]["value"]
        node = tuple(node.values())
    if isinstance(node, list | tuple):
        for child in node:
            yield from _all_fields(child)
