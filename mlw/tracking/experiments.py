"""Experiments of a workspace: list, find, delete, restore."""

from __future__ import annotations

from infra.host.near_names import suggestion
from mlw.tracking.tracking_client import TrackingClient, TrackingNotFoundError
from mlw.tracking.tracking_records import Experiment

VIEWS = {"active": "ACTIVE_ONLY", "deleted": "DELETED_ONLY", "all": "ALL"}
"""Which lifecycle stages MLflow lists."""

MANY = 5000
"""Experiments that are read to find all runs of a workspace, or a similar name."""


def search(client: TrackingClient, *, text: str = "", view: str = "active", limit: int = MANY) -> list[Experiment]:
    """List experiments, the last changed first.

    Args:
        client: Of the workspace.
        text: MLflow's filter, e.g. ``name LIKE 'churn%'``.
        view: A key of :data:`VIEWS`.
        limit: How many to return at most.
    """
    body = {"filter": text, "view_type": VIEWS[view], "order_by": ["last_update_time DESC"]}
    found = client.search("experiments/search", "listing experiments", "experiments", body, limit=limit)
    return [Experiment.of(one) for one in found]


def find(client: TrackingClient, name: str) -> Experiment:
    """Find an experiment by its name, or by its id.

    Raises:
        TrackingNotFoundError: There is none.
    """
    doing = f"looking for experiment '{name}'"
    try:
        return Experiment.of(client.get("experiments/get-by-name", doing, experiment_name=name)["experiment"])
    except TrackingNotFoundError:
        if not name.isdecimal():
            raise _unknown(client, name) from None
    try:
        return Experiment.of(client.get("experiments/get", doing, experiment_id=name)["experiment"])
    except TrackingNotFoundError:
        raise _unknown(client, name) from None


def _unknown(client: TrackingClient, name: str) -> TrackingNotFoundError:
    known = [one.name for one in search(client, view="all")]
    return TrackingNotFoundError(
        f"looking for experiment '{name}': no such experiment.{suggestion(name, known)} "
        "`mlw experiment list` shows all."
    )


def delete(client: TrackingClient, experiment: Experiment) -> None:
    """Delete an experiment and its runs; they can be restored until they are removed as garbage."""
    doing = f"deleting experiment '{experiment.name}'"
    client.send("experiments/delete", doing, {"experiment_id": experiment.id})


def restore(client: TrackingClient, experiment: Experiment) -> None:
    """Restore a deleted experiment and its runs."""
    doing = f"restoring experiment '{experiment.name}'"
    client.send("experiments/restore", doing, {"experiment_id": experiment.id})


def names_of(found: list[Experiment]) -> dict[str, str]:
    """Name of each experiment by its id."""
    return {one.id: one.name for one in found}
