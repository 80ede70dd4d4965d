"""The identity of an online endpoint: a scoring script with the credentials of a principal."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import requests
import yaml

from tests.support.jobs_workspace import data_of
from tests.support.object_store import s3_client
from tests.support.online_deployments import deployment
from tests.support.served_endpoints import Served
from tests.support.vault import write_secret

NAME, IDENTITY, SECRET = "readers", "scorer", "identity-of-readers"
FOLDER = "/var/azureml-app/.mlw"
SCRIPT = """
import base64, hashlib, hmac, json, os, time
from urllib.parse import urlencode
from urllib.request import Request, urlopen

def init():
    pass

def read_blob(path):
    expires = int(time.time()) + 60
    text = f"GET\\n\\n\\n{expires}\\n/{path}"
    key = os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()
    given = {"AWSAccessKeyId": os.environ["AWS_ACCESS_KEY_ID"], "Expires": expires, "Signature": signature}
    return urlopen(f"{os.environ['AWS_ENDPOINT_URL_S3']}/{path}?{urlencode(given)}", timeout=10).read().decode()

def read_secret(path):
    headers = {"X-Vault-Token": os.environ["VAULT_TOKEN"]}
    response = urlopen(Request(f"{os.environ['VAULT_ADDR']}/v1/secret/data/{path}", headers=headers), timeout=10)
    return json.load(response)["data"]["data"]["value"]

def run(raw_data):
    given = json.loads(raw_data)
    if "AWS_ACCESS_KEY_ID" not in os.environ or "blob" not in given:
        return {"variables": sorted(os.environ)}
    return {"blob": read_blob(given["blob"]), "secret": read_secret(given["secret"])}
"""


@contextmanager
def endpoint(served: Served) -> Iterator[dict[str, Any]]:
    """An endpoint with the identity, made by a principal that may create endpoints, as `show` prints it."""
    code, made, file = served.files["folder"] / "onlinescoring/reading", served.files["folder"], "readers.yml"
    code.mkdir()
    (code / "score.py").write_text(SCRIPT, encoding="utf-8")
    identity = {"type": "user_assigned", "user_assigned_identities": [{"resource_id": f"/subscriptions/0/{IDENTITY}"}]}
    (made / file).write_text(yaml.safe_dump({"name": NAME, "auth_mode": "key", "identity": identity}), encoding="utf-8")
    document = {**deployment("reading", "reading"), "endpoint_name": NAME}
    (made / "reading.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    shown = data_of(served.mlw("online-endpoint", "create", "-f", str(made / file), principal="data-scientist"))
    try:
        deploy = ("online-deployment", "create", "-f", str(made / "reading.yml"), "--all-traffic")
        served.mlw(*deploy, principal="data-scientist").check()
        yield shown
    finally:
        served.mlw("online-endpoint", "delete", "-n", NAME, "--yes").check()


def test_a_script_has_the_rights_of_the_identity_also_after_its_credentials_were_replaced(served: Served) -> None:
    outputs = served.stack.outputs
    container = next(one["container"] for one in outputs["datastores"] if one["name"] == "workspaceblobstore")
    s3_client(outputs).put_object(Bucket=container, Key="identity.txt", Body=b"a blob")
    write_secret(outputs, SECRET, {"value": "a secret"})
    question = {"blob": f"{container}/identity.txt", "secret": SECRET}
    with endpoint(served) as shown:
        key = data_of(served.mlw("online-endpoint", "get-credentials", "-n", NAME))["primaryKey"]
        headers = {"Authorization": f"Bearer {key}"}

        def ask(body: dict[str, str]) -> requests.Response:
            return requests.post(shown["scoring_uri"], json=body, headers=headers, timeout=60)

        assert shown["identity"]["user_assigned_identities"][0]["resource_id"].endswith(f"/{IDENTITY}")
        assert ask(question).json() == {"blob": "a blob", "secret": "a secret"}
        before = assert_hidden(served)

        ended, statuses = threading.Event(), list[int]()

        def client() -> None:
            while not ended.is_set():
                statuses.append(ask({}).status_code)

        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(client)
            try:
                served.mlw("keys", "rotate", "--principal", IDENTITY).check()
            finally:
                ended.set()
            sending.result()
        assert set(statuses) == {200}
        assert ask(question).json() == {"blob": "a blob", "secret": "a secret"}
        assert not before & assert_hidden(served)

        served.mlw("online-endpoint", "update", "-n", NAME, "--set", "identity.type=none").check()
        assert "VAULT_TOKEN" not in ask(question).json()["variables"]
        read = data_of(served.mlw("online-endpoint", "show", "-n", NAME, "-o", "json"))
        assert read["identity"] == {"type": "none"}


def assert_hidden(served: Served) -> set[str]:
    """Whoever may inspect containers and volumes sees nothing of the credentials; the secret ones of them."""
    keys = data_of(served.mlw("keys", "show", "--principal", IDENTITY))
    secrets = {str(keys[one]) for one in ("storageSecretKey", "keyVaultPassword")}
    ((name, attributes),) = served.instances(NAME).items()
    container = served.engine.containers.get(name)
    volume = served.engine.volumes.get(name.rpartition("-")[0])
    seen = json.dumps([attributes, volume.attrs, container.top()])
    assert [one for one in secrets if one in seen] == []
    modes = container.exec_run(["stat", "-c", "%a %u", f"{FOLDER}/variables.json", f"{FOLDER}/identity.json"]).output
    assert isinstance(modes, bytes)
    assert modes.decode().split("\n")[:2] == ["400 1001", "400 1001"]
    return secrets


def test_an_identity_that_is_not_for_endpoints_is_refused_for_everybody(served: Served) -> None:
    words = ("online-endpoint", "update", "-n", "sums", "--set")
    before = sorted(served.instances())

    refused = served.mlw(*words, "identity=data-scientist")
    unknown = served.mlw(*words, "identity=scorr", principal="data-scientist")
    read_only = served.mlw(*words, f"identity={IDENTITY}", principal="reader")

    assert (refused.exit_code, unknown.exit_code, read_only.exit_code) == (1, 1, 1)
    assert "names 'data-scientist', which is no identity for endpoints. Allowed: scorer." in refused.stderr
    assert "names 'scorr', which is no principal of the stack. Did you mean 'scorer'?" in unknown.stderr
    assert "does not include 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write'" in read_only.stderr
    assert sorted(served.instances()) == before
