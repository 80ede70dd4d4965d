import json
import logging
from http import HTTPStatus

import pytest

from tests.support.asgi import call
from tools.python.tracking.tracking.application import Errors
from tools.python.tracking.tracking.http_messages import (
    LARGEST_BODY,
    Receive,
    RequestError,
    Scope,
    Send,
    read_body,
    replay,
    send_response,
)


async def _echo(_scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(replay(await read_body(receive), receive))
    await send_response(send, HTTPStatus.OK, body, [("x-frame-options", "DENY")])


def test_body_is_read_to_its_end_and_given_again() -> None:
    assert call(Errors(_echo), "POST", "/x", body=[b"a", b"", b"bc"]).body == b"abc"


def test_every_response_has_the_headers_of_a_safe_page() -> None:
    headers = call(Errors(_echo), "POST", "/x").headers

    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_body_that_the_client_did_not_finish_is_not_used() -> None:
    answer = call(Errors(_echo), "POST", "/x", body=[b'{"a": 1}'], is_broken_off=True)

    assert (answer.status, answer.body) == (0, b"")


def test_body_above_the_limit_is_refused() -> None:
    answer = call(Errors(_echo), "POST", "/x", body=[bytes(LARGEST_BODY), b"x"])

    assert answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "larger than 16 MiB" in json.loads(answer.body)["message"]


def test_unexpected_error_is_logged_and_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("secret")

    with caplog.at_level(logging.ERROR):
        answer = call(Errors(broken), "GET", "/x")

    assert answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"secret" not in answer.body
    assert "secret" in caplog.text


def test_response_that_has_begun_is_broken_off_and_never_completed() -> None:
    """A client must not take the first half of an artifact for the whole."""

    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE", "the storage account is gone")

    with pytest.raises(RequestError, match="the storage account is gone"):
        call(Errors(half), "GET", "/x")
