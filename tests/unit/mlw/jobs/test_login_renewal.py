"""The login of a running job to the key vault is extended until the job ends."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from infra.errors import ServiceError, ServiceUnreachableError
from mlw.jobs import login_renewal
from mlw.jobs.job_state import now
from mlw.jobs.login_renewal import renewing
from tests.support.probes import probe_until


class Vault:
    """Extends logins, after it has failed in the given ways."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.times = list(failures), 0
        self.ended = threading.Event()

    def renew(self) -> None:
        self.times += 1
        if self.failures:
            raise self.failures.pop(0)

    def await_times(self, times: int) -> None:
        def probe() -> None:
            assert self.times >= times

        probe_until(probe, what=f"{times} renewals", timeout_seconds=10)


def test_it_is_extended_again_and_again_also_after_an_interruption() -> None:
    vault, notes = Vault(ServiceUnreachableError("gone")), list[str]()

    with renewing(vault.renew, notes.append, started=now(), seconds=0.01):
        vault.await_times(4)

    assert notes == []


def test_a_runner_that_continues_a_job_is_late_and_does_it_at_once() -> None:
    vault = Vault()
    started = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    with renewing(vault.renew, list[str]().append, started=started):
        vault.await_times(1)


def test_a_login_that_cannot_be_extended_is_noted_once() -> None:
    vault, notes = Vault(ServiceError("permission denied")), list[str]()

    with renewing(vault.renew, notes.append, started=now(), seconds=0.01):
        probe_until(lambda: notes[0], what="a note", timeout_seconds=10)

    assert (vault.times, notes) == (1, ["the login of the job to the key vault ends: permission denied"])


def test_a_short_job_does_not_ask() -> None:
    vault = Vault()

    with renewing(vault.renew, list[str]().append, started=now()):
        pass

    assert vault.times == 0
    assert timedelta(hours=1).total_seconds() > login_renewal.SECONDS * 2


@pytest.fixture(autouse=True)
def no_threads_left() -> object:
    yield
    assert [one.name for one in threading.enumerate() if one.name == "login renewal"] == []
