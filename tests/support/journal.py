"""A journal of the writes that services acknowledged: after a fault, all of it must still be there and equal.

One entry for each kind of data that a workspace keeps: an object, a secret, an image, a span; a run, if it keeps runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.insights import insights_client
from tests.support.object_store import s3_client
from tests.support.oci import registry_client, tiny_image
from tests.support.otlp import Protocol, send
from tests.support.probes import probe_until
from tests.support.tracking import TrackingClient
from tests.support.vault import read_secret, write_secret

BUCKET = "azureml"
FILED_SECONDS = 60.0
"""From a queue that is on the disk into a file; far above the pause before the collector's second try."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """The acknowledged writes under one marker to one stack."""

    stack: str
    outputs: Mapping[str, Any]
    marker: str

    def write(self) -> "Journal":
        """Write one of each; every write has been acknowledged when this returns."""
        s3_client(self.outputs).put_object(Bucket=BUCKET, Key=self.marker, Body=self.marker.encode())
        write_secret(self.outputs, self.marker, {"value": self.marker})
        registry_client(self.outputs).push(f"journal/{self.marker}", "v1", tiny_image(self.marker.encode()))
        token = self.outputs["credentials"]["telemetry"]["token"]
        sent = send(Protocol.HTTP, self.outputs["endpoints"], token, self.marker)
        assert all(sent.values()), f"not acknowledged by application insights: {sent}"
        if self._keeps_runs:
            TrackingClient.of(self.outputs).keep(self.marker)
        return self

    def verify(self) -> None:
        """Fail unless everything is readable and equal."""
        self.verify_object()
        self.verify_secret()
        self.verify_image()
        self.verify_signals()
        self.verify_run()

    def verify_object(self) -> None:
        """Read the object."""
        answer = s3_client(self.outputs).get_object(Bucket=BUCKET, Key=self.marker)
        assert answer["Body"].read() == self.marker.encode()

    def verify_secret(self) -> None:
        """Read the secret, which only an unsealed vault returns."""
        assert read_secret(self.outputs, self.marker) == {"value": self.marker}

    def verify_image(self) -> None:
        """Pull the image."""
        pulled = registry_client(self.outputs).pull(f"journal/{self.marker}", "v1")
        assert pulled == tiny_image(self.marker.encode())

    def verify_run(self) -> None:
        """Read the run with its artifact, where the workspace has a tracking server."""
        if self._keeps_runs:
            TrackingClient.of(self.outputs).verify(self.marker)

    @property
    def _keeps_runs(self) -> bool:
        return "tracking" in self.outputs["endpoints"]

    def verify_signals(self) -> None:
        """Find span, metric and log record in the insights store, to which the collector sends them from its queue."""

        def kept() -> None:
            found = insights_client(self.outputs).markers()
            missing = [signal for signal, markers in found.items() if self.marker not in markers]
            assert not missing, f"{missing} with marker {self.marker} are gone"

        probe_until(kept, what="telemetry in the insights store", timeout_seconds=FILED_SECONDS)
