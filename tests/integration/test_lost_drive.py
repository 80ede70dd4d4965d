"""What an account guarantees (docs/adr/0003): it reads and writes without one of its drives, and reads without two.

A drive is lost by emptying its volume under the running account, including its format and identity: the service sees
this as an unmounted file system or a replaced disk.
"""

import os
from functools import partial

import pytest
from botocore.exceptions import ClientError
from docker import DockerClient

from tests.support.engine import run_in
from tests.support.object_store import s3_client
from tests.support.probes import probe_until
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged

BUCKET = "azureml"
SMALL, LARGE = 100, 3 * 1024 * 1024
"""Bytes: an object that is stored within its metadata, and one that is stored in files next to it."""

HEALING_SECONDS = 90


class Drives:
    """The drives of an account, from the inside of its container."""

    def __init__(self, engine: DockerClient, container: str) -> None:
        self._engine, self._container = engine, container

    def run(self, script: str) -> str:
        """Run a shell script inside; return its output."""
        return run_in(self._engine, self._container, script)

    def lose(self, number: int) -> None:
        """Empty a drive, even while the account writes to it."""

        def empty() -> None:
            left = self.run(f"rm -rf /data{number}/.minio.sys /data{number}/*; ls -A /data{number}")
            assert left == "", left

        probe_until(empty, what=f"an empty drive {number}")

    def restart(self) -> None:
        """Start the account again."""
        self._engine.api.restart(self._container, timeout=30)

    def assert_holds(self, number: int, *keys: str) -> None:
        """Fail unless the drive has its share of all these objects."""
        self.run(" && ".join(f"test -f /data{number}/{BUCKET}/{key}/xl.meta" for key in keys))


@pytest.fixture
def drives(live: LiveStack, engine: DockerClient) -> Drives:
    return Drives(engine, live.container_of("storageAccount"))


@pytest.mark.fault("drives of a storage account fail", "it works without one and can be read without two")
def test_account_works_without_one_drive_and_is_readable_without_two(
    live: LiveStack, drives: Drives, marker: str
) -> None:
    s3 = s3_client(live.outputs)
    written = {f"{marker}-{size}": os.urandom(size) for size in (SMALL, LARGE)}
    for key, body in written.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def assert_readable() -> None:
        for key, body in written.items():
            assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body, key

    drives.lose(1)
    assert_readable()
    written[f"{marker}-later"] = os.urandom(LARGE)
    s3.put_object(Bucket=BUCKET, Key=f"{marker}-later", Body=written[f"{marker}-later"])
    assert_readable()

    # Nobody asks for it: the account finds the empty drive, formats it and fills it again.
    probe_until(lambda: drives.assert_holds(1, *written), what="a healed drive", timeout_seconds=HEALING_SECONDS)

    for number in (3, 4):
        drives.lose(number)
    assert_readable()
    # Which of the two it says depends on the drives that it asks first; both mean that nothing was written.
    with pytest.raises(ClientError, match=r"SlowDownWrite|NoSuchBucket"):
        s3.put_object(Bucket=BUCKET, Key=f"{marker}-too-many", Body=b"refused, not half written")

    drives.restart()
    write_again = partial(s3.put_object, Bucket=BUCKET, Key=f"{marker}-again", Body=b"writable again")
    probe_until(write_again, what="a write after the restart", timeout_seconds=HEALING_SECONDS)
    assert_readable()
    assert_unchanged(live.stack.refresh())
