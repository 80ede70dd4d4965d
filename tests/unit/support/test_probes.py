import itertools

import pytest

from tests.support.probes import ProbeTimeoutError, probe_during, probe_until


def test_probe_is_repeated_until_it_stops_raising() -> None:
    attempts = itertools.count(1)

    def third_time_lucky() -> int:
        attempt = next(attempts)
        assert attempt >= 3
        return attempt

    assert probe_until(third_time_lucky, what="third attempt", interval_seconds=0) == 3


def test_deadline_error_names_the_condition_and_the_last_result() -> None:
    def refused() -> None:
        message = "port 1 refused"
        raise ConnectionError(message)

    with pytest.raises(ProbeTimeoutError, match=r"vault is up: not within 0 s \(1 attempts\).*port 1 refused"):
        probe_until(refused, what="vault is up", timeout_seconds=0)


def test_condition_that_breaks_once_in_the_interval_is_reported() -> None:
    attempts = itertools.count(1)

    def breaks_at_second_look() -> None:
        assert next(attempts) < 2, "sealed"

    with pytest.raises(AssertionError, match="sealed"):
        probe_during(breaks_at_second_look, seconds=5, interval_seconds=0)
