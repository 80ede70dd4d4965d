"""Shows the log of a job until it ends."""

from __future__ import annotations

import codecs
import sys
import time

from infra.clients.storage.blob_streams import BlobStreams
from mlw.jobs import stored_log
from mlw.jobs.job_options import Jobs
from mlw.jobs.job_status import JobStatus

_POLL_SECONDS, _EARLY_POLL_SECONDS, _EARLY_SECONDS = 0.3, 0.15, 10.0
"""A short job is followed more closely; it is over before that costs anything."""


def follow(jobs: Jobs, name: str) -> bool:
    """Print the log and the changes of status; return whether the job is completed.

    A runner that was killed meanwhile is started again.
    """
    blobs = BlobStreams(jobs.workspace.connection, jobs.workspace.artifacts)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    begun, offset, shown = time.monotonic(), 0, None
    while True:
        job = jobs.workspace.records.read(name)
        if job.status is not shown:
            shown = job.status
            print(f"{name}: {shown}", file=sys.stderr)
        if job.state.status.is_final:
            print(decoder.decode(stored_log.read_stored(blobs, name, offset) or b"", final=True), end="", flush=True)
            if job.state.error:
                print(f"{name}: {job.state.error}", file=sys.stderr)
            return job.status is JobStatus.COMPLETED
        for chunk in stored_log.read(blobs, name, offset):
            offset += len(chunk)
            print(decoder.decode(chunk), end="", flush=True)
        jobs.continue_queue()
        time.sleep(_EARLY_POLL_SECONDS if time.monotonic() - begun < _EARLY_SECONDS else _POLL_SECONDS)
