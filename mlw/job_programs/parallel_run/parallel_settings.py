"""Settings of a parallel job, as its command has them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Settings:
    """What the document says, in the program's own terms.

    Attributes:
        data: Name of the input that is divided.
        is_table: Whether it is declared as a table.
        append_to: Name of the output that what the function returns is appended to; empty for none.
        batch_files: Files, or rows of a table, of a mini-batch; 0 for a limit in bytes.
        batch_bytes: About how many bytes it has; 0 for a number of files.
        partition_keys: Columns; rows with equal values are a mini-batch.
        processes: How many mini-batches at a time.
        error_threshold: How many items may fail; -1 for any number.
        batch_error_threshold: How many mini-batches may fail; -1 for any number.
        retries: How often a mini-batch that failed is tried again.
        timeout_seconds: How long one try may take.
        is_verbose: Whether the log has each mini-batch when it starts.
        model: Name of the input that is the model of a batch deployment; empty for none.
        output: Name of the output that the script may write files to.
    """

    data: str
    is_table: bool = False
    append_to: str = ""
    batch_files: int = 1
    batch_bytes: int = 0
    partition_keys: tuple[str, ...] = ()
    processes: int = 1
    error_threshold: int = -1
    batch_error_threshold: int = -1
    retries: int = 2
    timeout_seconds: int = 60
    is_verbose: bool = False
    model: str = ""
    output: str = ""

    def as_text(self) -> str:
        """As an argument of a command."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(cls, text: str) -> Settings:
        """Read what :meth:`as_text` writes."""
        found = json.loads(text)
        return cls(**{**found, "partition_keys": tuple(found["partition_keys"])})
