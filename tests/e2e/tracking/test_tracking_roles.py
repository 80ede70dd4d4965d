"""What each role can do at the tracking server: every role sends every request, by plain HTTP, as an outside client.

Each column is a principal: Owner, Contributor, AzureML data Scientist, Reader, AzureML compute oPerator, Key Vault
purge operator, a custom Model reviewer who reads everything and changes models. `x` is allowed, `.` refused. The rows
are in the order in which they are sent: what deletes comes last. `{e}` is the experiment, `{r}` the run, and so on.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.tracking.conftest import ROLES
from tests.support.principals import person
from tests.support.stacks import LiveStack
from tests.support.tracking import TrackingClient

PRINCIPALS = (
    "owner", "contributor", "data-scientist", "reader", "compute-operator", "purge-operator", "model-reviewer",
)  # fmt: skip

#                                                      O C S R P Z M
TABLE = """
GET    experiments/get?experiment_id={e}             | x x x x . . x
GET    experiments/get-by-name?experiment_name={n}   | x x x x . . x
GET    experiments/search?max_results=1              | x x x x . . x
POST   experiments/search {"max_results": 1}         | x x x x . . x
POST   experiments/create {"name": "{n}-more"}       | x x x . . . .
POST   experiments/update {"experiment_id": "{e}", "new_name": "{n}-new"}             | x x x . . . .
POST   experiments/set-experiment-tag {"experiment_id": "{e}", "key": "a", "value": "b"} | x x x . . . .
POST   experiments/delete-experiment-tag {"experiment_id": "{e}", "key": "a"}         | x x x . . . .
GET    runs/get?run_id={r}                           | x x x x . . x
POST   runs/search {"experiment_ids": ["{e}"]}       | x x x x . . x
GET    metrics/get-history?run_id={r}&metric_key=loss | x x x x . . x
GET    artifacts/list?run_id={r}                     | x x x x . . x
GET    /get-artifact?run_id={r}&path=kept.txt        | x x x x . . x
GET    {a}/kept.txt                                  | x x x x . . x
POST   runs/create {"experiment_id": "{e}"}          | x x x . . . .
POST   runs/update {"run_id": "{r}", "status": "FINISHED"}                            | x x x . . . .
POST   runs/log-metric {"run_id": "{r}", "key": "m", "value": 1, "timestamp": 1}      | x x x . . . .
POST   runs/log-parameter {"run_id": "{r}", "key": "p", "value": "1"}                 | x x x . . . .
POST   runs/log-batch {"run_id": "{r}", "params": [{"key": "q", "value": "1"}]}       | x x x . . . .
POST   runs/set-tag {"run_id": "{r}", "key": "t", "value": "1"}                       | x x x . . . .
POST   runs/delete-tag {"run_id": "{r}", "key": "t"} | x x x . . . .
POST   runs/log-inputs {"run_id": "{r}", "datasets": [{"dataset": {"name": "d", "digest": "1", "source_type": "local", "source": "{}"}}]} | x x x . . . .
PUT    {a}/more.txt                                  | x x x . . . .
POST   logged-models {"experiment_id": "{e}", "name": "more"}                         | x x x . . . .
GET    logged-models/{l}                             | x x x x . . x
POST   logged-models/search {"experiment_ids": ["{e}"]}                               | x x x x . . x
PATCH  logged-models/{l} {"model_id": "{l}", "status": "LOGGED_MODEL_READY"}          | x x x . . . .
PATCH  logged-models/{l}/tags {"model_id": "{l}", "tags": [{"key": "a", "value": "b"}]} | x x x . . . .
DELETE logged-models/{l}/tags/a                      | x x x . . . .
GET    registered-models/get?name={m}                | x x x x . . x
GET    registered-models/search                      | x x x x . . x
GET    registered-models/alias?name={m}&alias=champion | x x x x . . x
GET    model-versions/get?name={m}&version=1         | x x x x . . x
GET    model-versions/search                         | x x x x . . x
GET    model-versions/get-download-uri?name={m}&version=1 | x x x x . . x
POST   registered-models/create {"name": "{m}-more"} | x x x . . . x
PATCH  registered-models/update {"name": "{m}", "description": "d"}                   | x x x . . . x
POST   registered-models/set-tag {"name": "{m}", "key": "a", "value": "b"}            | x x x . . . x
DELETE registered-models/delete-tag {"name": "{m}", "key": "a"}                       | x x x . . . x
POST   registered-models/alias {"name": "{m}", "alias": "challenger", "version": "1"} | x x x . . . x
DELETE registered-models/alias {"name": "{m}", "alias": "challenger"}                 | x x x . . . x
POST   registered-models/rename {"name": "{o}", "new_name": "{o}-new"}                | x x x . . . x
POST   model-versions/create {"name": "{m}", "source": "{s}", "run_id": "{r}"}        | x x x . . . x
PATCH  model-versions/update {"name": "{m}", "version": "1", "description": "d"}      | x x x . . . x
POST   model-versions/set-tag {"name": "{m}", "version": "1", "key": "a", "value": "b"} | x x x . . . x
DELETE model-versions/delete-tag {"name": "{m}", "version": "1", "key": "a"}          | x x x . . . x
POST   model-versions/transition-stage {"name": "{m}", "version": "1", "stage": "Staging", "archive_existing_versions": false} | x x x . . . x
DELETE {a}/kept.txt                                  | x x x . . . .
DELETE logged-models/{l}                             | x x x . . . .
POST   runs/delete {"run_id": "{r}"}                 | x x x . . . .
POST   runs/restore {"run_id": "{r}"}                | x x x . . . .
DELETE model-versions/delete {"name": "{m}", "version": "1"}                          | x x x . . . .
DELETE registered-models/delete {"name": "{m}"}      | x x x . . . .
POST   experiments/delete {"experiment_id": "{e}"}   | x x x . . . .
POST   experiments/restore {"experiment_id": "{e}"}  | x x x . . . .
"""  # noqa: E501 - a table

ALLOWED, REFUSED, UNKNOWN = "x", ".", 401


def rows() -> list[tuple[str, list[str]]]:
    """Return every request with what is expected of each principal."""
    lines = (line.rpartition("|") for line in TABLE.strip().splitlines())
    return [(request.strip(), marks.split()) for request, _, marks in lines]


def send(client: TrackingClient, request: str, names: Mapping[str, str]) -> int:
    """Send one request of the table; return the status."""
    for name, value in names.items():
        request = request.replace(f"{{{name}}}", value)
    method, path, *body = request.split(maxsplit=2)
    document = json.loads(body[0]) if body else None
    return client.request(method, path, document, data=b"content" if method == "PUT" else None).status_code


def scene(admin: TrackingClient, marker: str) -> dict[str, str]:
    """Make one of everything, as the stack itself; return the names in the table."""
    experiment = admin.create_experiment(marker)
    run = admin.create_run(experiment)
    run_id, folder = run["run_id"], admin.artifact_path(run, "").rstrip("/")
    admin.call("POST", "runs/log-metric", {"run_id": run_id, "key": "loss", "value": 1, "timestamp": 1})
    assert admin.request("PUT", f"{folder}/kept.txt", data=b"content").ok
    logged: dict[str, Any] = admin.call("POST", "logged-models", {"experiment_id": experiment, "name": "logged"})
    for model in (marker, f"{marker}-old"):
        admin.call("POST", "registered-models/create", {"name": model})
    source = f"{run['artifact_uri']}/model"
    admin.call("POST", "model-versions/create", {"name": marker, "source": source, "run_id": run_id})
    admin.call("POST", "registered-models/alias", {"name": marker, "alias": "champion", "version": "1"})
    return {
        "e": experiment,
        "n": marker,
        "r": run_id,
        "a": folder,
        "l": logged["model"]["info"]["model_id"],
        "m": marker,
        "o": f"{marker}-old",
        "s": source,
    }


def test_the_table_has_a_column_for_every_role_and_a_row_for_every_kind_of_request() -> None:
    assert set(PRINCIPALS) == set(ROLES)
    assert {len(marks) for _, marks in rows()} == {len(PRINCIPALS)}
    assert len({request for request, _ in rows()}) >= 40


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_a_role_allows_what_the_table_says(
    tracked: LiveStack, admin: TrackingClient, marker: str, principal: str
) -> None:
    client, column = TrackingClient.of_person(person(tracked.outputs, principal)), PRINCIPALS.index(principal)
    names = scene(admin, marker)

    found = {request: send(client, request, names) for request, _ in rows()}

    expected = {request: 200 if marks[column] == ALLOWED else 403 for request, marks in rows()}
    assert [f"{request}: {found[request]}" for request in found if found[request] != expected[request]] == []


@pytest.mark.parametrize("who", ["nobody", "a stranger", "a wrong password", "another's password", "the registry's"])
def test_a_request_without_a_valid_login_is_refused(
    tracked: LiveStack, admin: TrackingClient, marker: str, who: str
) -> None:
    reader, owner = (person(tracked.outputs, name).held["trackingPassword"] for name in ("reader", "owner"))
    registry = tracked.outputs["credentials"]["registry"]
    login = {
        "nobody": None,
        "a stranger": ("mallory", owner),
        "a wrong password": ("owner", "wrong"),
        "another's password": ("owner", reader),
        "the registry's": (registry["username"], registry["password"]),
    }[who]
    client = TrackingClient(url=admin.url, login=login)
    names = scene(admin, marker)

    found = {send(client, request, names) for request, _ in rows()}

    assert found == {UNKNOWN}
    assert client.request("GET", "/").headers["WWW-Authenticate"].startswith("Basic")
    assert client.request("GET", "/health").status_code == 200


def test_a_refusal_names_the_operation_that_is_missing(tracked: LiveStack) -> None:
    reader = TrackingClient.of_person(person(tracked.outputs, "reader"))

    answer = reader.request("POST", "experiments/create", {"name": "mine"})

    assert answer.status_code == 403
    assert answer.json()["error_code"] == "PERMISSION_DENIED"
    assert "Microsoft.MachineLearningServices/workspaces/experiments/write" in answer.json()["message"]
