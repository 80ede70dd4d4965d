"""What the job of a monitor has found: its checks with their thresholds, and the reports on its signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.clients.storage.blob_streams import BlobStreams
from mlw.jobs.job_records import Job
from mlw.monitoring import monitor_results


def read(blobs: BlobStreams, job: Job) -> Mapping[str, Any] | None:
    """Read the result of a job; None if it has none."""
    name = job.record.name
    found = monitor_results.read(blobs, name) if job.status.is_final else None
    if found is None:
        return None
    places = {signal: monitor_results.report(name, signal) for signal in found["rows"]}
    return {
        **found,
        # Those beyond their thresholds first.
        "checks": sorted(found["checks"], key=lambda one: not one["is_crossed"]),
        "reports": {signal: place for signal, place in places.items() if blobs.size(place) is not None},
    }
