import base64
import hashlib
import json
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.support.asgi import Answer, call
from tools.python.tracking.tracking.application import Errors
from tools.python.tracking.tracking.authorization import ROUTE_KEY, USER_KEY, Access
from tools.python.tracking.tracking.http_messages import Application, Receive, Scope, Send, send_response
from tools.python.tracking.tracking.users import Users

RUN, DELETION = "/api/2.0/mlflow/runs/get", "/api/2.0/mlflow/runs/delete"


async def _behind(scope: Scope, _receive: Receive, send: Send) -> None:
    """What must not be called unless everything is right."""
    passed = f"{scope.get(USER_KEY)} {scope.get(ROUTE_KEY)}".encode()
    await send_response(send, HTTPStatus.OK, passed, [])


@pytest.fixture
def application(tmp_path: Path) -> Application:
    digest = hashlib.sha256(b"secret").hexdigest()
    users = [
        {"name": "team", "password": digest, "operations": ["runs/read", "experiments/read"]},
        {"name": "none", "password": digest, "operations": []},
    ]
    (tmp_path / "users").write_text(json.dumps({"users": users}), encoding="utf-8")
    return Errors(Access(_behind, Users(tmp_path / "users"), ["localhost", "127.0.0.1:5000", "[::1]"]))


def _login(name: str = "team") -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:secret'.encode()).decode()}"}


def _message(answer: Answer) -> str:
    return str(json.loads(answer.body)["message"])


def test_request_with_the_operation_passes_and_names_user_and_route(application: Application) -> None:
    answer = call(application, "GET", RUN, headers=_login())

    assert (answer.status, answer.body) == (200, f"team {RUN}".encode())


def test_health_needs_no_login_and_no_known_host(application: Application) -> None:
    assert call(application, "GET", "/health", headers={"Host": "10.0.0.1"}).status == 200


@pytest.mark.parametrize("path", ["/", RUN, "/version", "/no/such/path", "/health/", "/static-files/main.js"])
def test_everything_else_asks_for_a_login(application: Application, path: str) -> None:
    answer = call(application, "GET", path)

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_missing_operation_is_named(application: Application) -> None:
    answer = call(application, "POST", DELETION, headers=_login())

    assert answer.status == 403
    assert "needs Microsoft.MachineLearningServices/workspaces/runs/delete" in _message(answer)
    assert json.loads(answer.body)["error_code"] == "PERMISSION_DENIED"


def test_user_without_operations_gets_the_page_and_nothing_else(application: Application) -> None:
    assert call(application, "GET", "/", headers=_login("none")).status == 200
    assert call(application, "GET", RUN, headers=_login("none")).status == 403


def test_route_that_is_not_in_the_table_is_refused(application: Application) -> None:
    answer = call(application, "GET", "/api/4.0/mlflow/new", headers=_login())

    assert answer.status == 403
    assert "does not serve GET /api/4.0/mlflow/new" in _message(answer)


def test_route_that_is_refused_for_everyone_says_why(application: Application) -> None:
    answer = call(application, "POST", "/api/2.0/mlflow/webhooks", headers=_login())

    assert answer.status == 403
    assert _message(answer).endswith("the server makes no requests to addresses that users choose")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:5000", "127.0.0.1", "127.0.0.1:5001", ""])
def test_host_of_another_name_is_refused(application: Application, host: str) -> None:
    assert call(application, "GET", RUN, headers=_login() | {"Host": host}).status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1:5000", "[::1]:5000"])
def test_host_is_matched_with_its_port_or_without(application: Application, host: str) -> None:
    assert call(application, "GET", RUN, headers=_login() | {"Host": host}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:8888"},
        {"Origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
        {"Origin": "http://evil.example", "sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site"},
    ],
)
def test_page_of_another_origin_cannot_use_the_login_of_a_browser(
    application: Application, headers: dict[str, str]
) -> None:
    assert call(application, "POST", "/api/2.0/mlflow/runs/search", headers=_login() | headers).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:5000", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_own_page_and_links_to_it_work(application: Application, headers: dict[str, str]) -> None:
    assert call(application, "GET", RUN, headers=_login() | headers).status == 200


def test_unreadable_users_are_a_reason_to_try_again(application: Application, tmp_path: Path) -> None:
    (tmp_path / "users").unlink()

    assert call(application, "GET", RUN, headers=_login()).status == 503
