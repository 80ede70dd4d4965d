from typing import BinaryIO

from mlw.jobs import stored_log
from mlw.jobs.job_paths import LOG, artifact
from mlw.jobs.stored_log import StoredLog


class Blobs:
    """A container in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, name: str, content: BinaryIO, size: int) -> None:
        self.held[name] = content.read(size)

    def read(self, name: str, offset: int) -> bytes | None:
        return self.held[name][offset:] if name in self.held else None

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.held if name.startswith(prefix))

    def purge(self, name: str) -> None:
        del self.held[name]


def test_a_log_is_readable_from_any_offset_while_it_is_written_and_one_blob_at_the_end() -> None:
    blobs = Blobs()
    log = StoredLog(blobs, "j")
    log.write(b"x" * (1 << 20))
    log.write(b"y" * (1 << 20))

    live = b"".join(stored_log.read(blobs, "j", (1 << 20) - 2))
    log.close()

    assert (live[:3], len(live)) == (b"xxy", (1 << 20) + 2)
    assert list(blobs.held) == [artifact("j", LOG)]
    assert stored_log.read_stored(blobs, "j", (2 << 20) - 1) == b"y"


def test_a_reader_gets_nothing_beyond_a_blob_that_has_gone_to_the_final_place() -> None:
    blobs = Blobs()
    blobs.held = {f"{stored_log.folder_of('j')}{start:013d}": b"xx" for start in (0, 2, 4)}
    blobs.purge(f"{stored_log.folder_of('j')}{2:013d}")

    assert list(stored_log.read(blobs, "j", 0)) == [b"xx"]
    assert list(stored_log.read(blobs, "j", 2)) == []


def test_the_next_runner_keeps_the_offsets_of_readers() -> None:
    blobs = Blobs()
    killed = StoredLog(blobs, "j")
    killed.note("prepared")
    start = killed.size
    killed.write(b"z" * (1 << 20))

    log = StoredLog(blobs, "j", start)
    log.write(b"output")
    log.close()

    assert stored_log.read_stored(blobs, "j", 0) == b"mlw: prepared\noutput"
    killed._closed.set()
    killed._flusher.join()
    killed._spool.close()
