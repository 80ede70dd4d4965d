"""Runs of a workspace: search, find, delete, restore, and the values of their metrics."""

from __future__ import annotations

import re
from collections.abc import Sequence

from infra.host.near_names import suggestion
from mlw.tracking import experiments
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError, TrackingRequestError
from mlw.tracking.tracking_records import Run, Value, number_of

ID = re.compile(r"[0-9a-f]{32}")
_BEGINNING = re.compile(r"[0-9a-f]{6,31}")
_ATTRIBUTES = ("start_time", "end_time", "run_name", "status", "created")
_GROUPS = ("metrics", "params", "tags", "attributes")
_STARTED = "attributes.`start_time`"
_NEAR = 200
_HISTORY_PAGE, HISTORY_VALUES = 5000, 50_000
"""Values of a metric that are read at most."""


def search(
    client: TrackingClient,
    experiment_ids: Sequence[str],
    *,
    text: str = "",
    sort: Sequence[str] = (),
    view: str = "active",
    limit: int,
) -> list[Run]:
    """Search runs, the last started first unless another order is given.

    Args:
        client: Of the workspace.
        experiment_ids: Where to search.
        text: MLflow's filter, e.g. ``metrics.accuracy > 0.9 and params.depth = '3'``.
        sort: Orders, as :func:`order` reads them.
        view: A key of :data:`mlw.tracking.experiments.VIEWS`.
        limit: How many to return at most.

    Raises:
        TrackingRequestError: MLflow does not understand the filter or an order.
    """
    if not experiment_ids:
        return []
    orders = [order(one) for one in sort]
    if not any(one.startswith(_STARTED) for one in orders):
        orders.append(f"{_STARTED} DESC")
    body = {
        "experiment_ids": list(experiment_ids),
        "filter": text,
        "run_view_type": experiments.VIEWS[view],
        "order_by": orders,
    }
    return [Run.of(one) for one in client.search("runs/search", "searching runs", "runs", body, limit=limit)]


def order(text: str) -> str:
    """Translate an order, e.g. ``accuracy:desc``, ``params.depth``, ``start_time:asc``, to MLflow's.

    A name without a group is an attribute, if there is one of this name, otherwise a metric.

    Raises:
        TrackingRequestError: It cannot be understood.
    """
    name, _, direction = text.rpartition(":") if text.lower().endswith((":asc", ":desc")) else (text, "", "asc")
    group, _, key = name.partition(".")
    if group not in _GROUPS:
        group, key = ("attributes" if name in _ATTRIBUTES else "metrics"), name
    if not key or "`" in key:
        raise TrackingRequestError(
            f"sorting by '{text}': not an order. Write NAME or NAME:desc, where NAME is a metric, "
            f"params.NAME, tags.NAME, or one of {', '.join(_ATTRIBUTES)}."
        )
    return f"{group}.`{key}` {direction.upper()}"


def find(client: TrackingClient, name: str) -> Run:
    """Find a run by its id, the beginning of its id, or its name.

    Raises:
        TrackingNotFoundError: There is none, or several have the name.
    """
    if ID.fullmatch(name):
        try:
            return get(client, name)
        except TrackingNotFoundError:
            raise _unknown(client, name) from None
    ids = [one.id for one in experiments.search(client, view="all")]
    found = search(client, ids, text=f"attributes.run_name = {_quoted(name)}", view="all", limit=_NEAR)
    if not found and _BEGINNING.fullmatch(name):
        found = search(client, ids, text=f"attributes.run_id LIKE '{name}%'", view="all", limit=_NEAR)
    if not found:
        raise _unknown(client, name)
    if len(found) > 1:
        shown = ", ".join(one.id for one in found[:5])
        raise TrackingNotFoundError(
            f"looking for run '{name}': {len(found)} runs have this name: {shown}{', ...' if found[5:] else ''}. "
            "Use the id of one of them."
        )
    return get(client, found[0].id)


def get(client: TrackingClient, run_id: str) -> Run:
    """Read a run by its id.

    Raises:
        TrackingNotFoundError: There is none.
    """
    return Run.of(client.get("runs/get", f"reading run '{run_id}'", run_id=run_id)["run"])


def _quoted(text: str) -> str:
    """Text in a filter; MLflow has no escape for a quote, so one that the text does not have is used."""
    return f"'{text}'" if "'" not in text else f'"{text}"'


def _unknown(client: TrackingClient, name: str) -> TrackingNotFoundError:
    ids = [one.id for one in experiments.search(client)]
    recent = search(client, ids, limit=_NEAR)
    known = {*(one.id for one in recent), *(one.name for one in recent)}
    return TrackingNotFoundError(
        f"looking for run '{name}': no such run.{suggestion(name, known)} `mlw run list` shows the last ones."
    )


def delete(client: TrackingClient, run: Run) -> None:
    """Delete a run; it can be restored until it is removed as garbage."""
    client.send("runs/delete", f"deleting run '{run.id}'", {"run_id": run.id})


def restore(client: TrackingClient, run: Run) -> None:
    """Restore a deleted run."""
    client.send("runs/restore", f"restoring run '{run.id}'", {"run_id": run.id})


def history(client: TrackingClient, run_id: str, metric: str) -> list[Value]:
    """Read the values of a metric in the order of their steps, at most :data:`HISTORY_VALUES`."""
    doing = f"reading metric '{metric}' of run '{run_id}'"
    found: list[Value] = []
    more: dict[str, str] = {}
    while len(found) < HISTORY_VALUES:
        page = client.get(
            "metrics/get-history", doing, run_id=run_id, metric_key=metric, max_results=_HISTORY_PAGE, **more
        )
        found += [
            Value(int(one.get("step") or 0), int(one["timestamp"]) / 1000, number_of(one["value"]))
            for one in page.get("metrics") or ()
        ]
        if not page.get("next_page_token"):
            break
        more = {"page_token": str(page["next_page_token"])}
    return sorted(found, key=lambda one: (one.step, one.time))
