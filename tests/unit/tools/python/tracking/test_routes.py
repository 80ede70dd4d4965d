import re

import pytest

from tools.python.tracking.tracking import routes

OPERATIONS = {f"{what}/{verb}" for what in ("experiments", "runs", "models") for verb in ("read", "write", "delete")}


def test_every_line_needs_known_operations_or_says_why_it_is_refused() -> None:
    known = OPERATIONS | {routes.LOGIN, routes.GRAPHQL}
    wrong = [route for route in routes.table() if bool(route.refusal) == bool(set(route.operations) & known)]
    unknown = [route for route in routes.table() if set(route.operations) - known]

    assert (wrong, unknown) == ([], [])


def test_no_route_is_in_the_table_twice() -> None:
    lines = [(route.method, re.sub(r"{\w+", "{", route.path)) for route in routes.table()]

    assert len(lines) == len(set(lines))


def test_every_operation_is_needed_by_a_route() -> None:
    assert {operation for route in routes.table() for operation in route.operations} >= OPERATIONS


@pytest.mark.parametrize(
    ("method", "path", "operations"),
    [
        ("GET", "/api/2.0/mlflow/runs/get", ("runs/read",)),
        ("HEAD", "/api/2.0/mlflow/runs/get", ("runs/read",)),
        ("GET", "/ajax-api/2.0/mlflow/runs/get", ("runs/read",)),
        ("POST", "/ajax-api/2.0/mlflow/runs/search", ("runs/read",)),
        ("POST", "/api/2.0/mlflow/runs/delete-tag", ("runs/write",)),
        ("POST", "/api/2.0/mlflow/logged-models/search", ("models/read", "runs/read")),
        ("DELETE", "/api/2.0/mlflow/registered-models/alias", ("models/write",)),
        ("DELETE", "/api/2.0/mlflow/model-versions/delete", ("models/delete",)),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/x/artifacts/ü/a b", ("runs/write",)),
        ("POST", "/v1/traces", ("runs/write",)),
        ("GET", "/static-files/static/js/main.js", (routes.LOGIN,)),
    ],
)
def test_request_needs_the_operations_of_its_route(method: str, path: str, operations: tuple[str, ...]) -> None:
    found = routes.find(method, path)

    assert found is not None
    assert found.operations == operations


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/runs/get"),
        ("GET", "/api/2.0/mlflow/runs/get/"),
        ("GET", "//api/2.0/mlflow/runs/get"),
        ("GET", "/api/2.0/mlflow/runs/gets"),
        ("GET", "/ajax-api/ajax-api/2.0/mlflow/runs/get"),
        ("GET", "/ajax-api/get-artifact"),
        ("GET", "/metrics"),
        ("DELETE", "/api/2.0/mlflow/logged-models/a/b"),
        ("GET", ""),
    ],
)
def test_request_without_a_route_is_not_in_the_table(method: str, path: str) -> None:
    assert routes.find(method, path) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/webhooks"),
        ("DELETE", "/ajax-api/2.0/mlflow/webhooks/1"),
        ("POST", "/api/3.0/mlflow/gateway/secrets/create"),
        ("POST", "/gateway/mlflow/v1/chat/completions"),
        ("PATCH", "/api/3.0/mlflow/jobs/cancel/1"),
        ("POST", "/api/3.0/mlflow/workspaces"),
    ],
)
def test_route_that_is_refused_says_why(method: str, path: str) -> None:
    found = routes.find(method, path)

    assert found is not None
    assert found.refusal
    assert found.operations == ()
