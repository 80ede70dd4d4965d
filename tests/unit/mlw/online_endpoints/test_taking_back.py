"""A change that fails half-way is taken back, and the error says so."""

import pytest

from infra.errors import EngineError
from mlw.online_endpoints import publishing
from mlw.online_endpoints.endpoint_errors import EndpointError


def test_a_failed_change_is_taken_back() -> None:
    done = ["recorded"]

    with pytest.raises(EndpointError, match=r"the front does not run\. Nothing of it is left\."):  # noqa: SIM117
        with publishing.taking_back(done.clear, "Nothing of it is left."):
            raise EngineError("publishing: the front does not run.")

    assert done == []


def test_an_interrupted_change_is_taken_back() -> None:
    done = ["recorded"]

    with pytest.raises(KeyboardInterrupt), publishing.taking_back(done.clear, "Nothing of it is left."):
        raise KeyboardInterrupt

    assert done == []


def test_what_cannot_be_taken_back_is_not_said_to_be() -> None:
    def fail() -> None:
        raise EngineError("the storage account does not respond.")

    with pytest.raises(EngineError, match=r"the front does not run\.$") as raised:  # noqa: SIM117
        with publishing.taking_back(fail, "Nothing of it is left."):
            raise EngineError("publishing: the front does not run.")

    # The mark of an interrupted change stays only for such an error.
    assert not isinstance(raised.value, EndpointError)


def test_a_change_that_succeeds_stays() -> None:
    done = ["recorded"]

    with publishing.taking_back(done.clear, "Nothing of it is left."):
        pass

    assert done == ["recorded"]
