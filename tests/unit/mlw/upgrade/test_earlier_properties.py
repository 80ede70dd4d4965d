"""Properties of single resources, from the form before the provider plugin to today's."""

from typing import Any

import pytest

from infra.clients.state.state_secrets import decrypted
from infra.errors import EarlierVersionError
from mlw.lifecycle.checkpoints import as_secret as secret
from mlw.upgrade.earlier_properties import CONVERSIONS, Belonging, convert

WHOSE = Belonging(stack_id="1a", resource_name="stdev")
ACCOUNT = {
    "endpoint": "http://127.0.0.1:1",
    "access_key": secret("key"),
    "secret_key": secret("word"),
    "authority": "PEM",
}


def converted(kind: str, inputs: dict[str, Any], **outputs: object) -> tuple[dict[str, Any], dict[str, Any]]:
    held = {"__provider": "pickled", **inputs}
    return convert(kind, {"inputs": held, "outputs": {**held, **outputs}}, WHOSE)


def test_a_connection_to_the_storage_account_is_one_secret() -> None:
    inputs, outputs = converted("WorkspaceRecord", {**ACCOUNT, "bucket": "azureml", "record": {"id": "x"}})

    connection = {
        "endpoint": "http://127.0.0.1:1",
        "credentials": {"accessKey": "key", "secretKey": "word"},
        "ca_certificate": "PEM",
    }
    assert inputs == outputs == {"bucket": "azureml", "record": {"id": "x"}, "storage_account": secret(connection)}


def test_connections_of_datastores_are_taken_out_of_one_secret_each() -> None:
    storage = secret({"endpoint": "s", "accessKey": "a", "secretKey": "b", "authority": ""})
    vault = secret({"endpoint": "v", "token": "t", "authority": ""})
    rest = {"datastores": [], "given": secret({}), "folder": "", "policy_version": 2}
    inputs, _ = converted(
        "DatastoreCredentials",
        {"storage": storage, "vault": vault, "shares_storage": True, "shares_vault": False, **rest},
        paths={},
    )

    assert decrypted(inputs["storage_account"])["credentials"] == {"accessKey": "a", "secretKey": "b"}
    assert decrypted(inputs["key_vault"]) == {"endpoint": "v", "credentials": {"token": "t"}, "ca_certificate": ""}
    assert (inputs["existing_storage_account"], inputs["existing_key_vault"]) == (True, False)


@pytest.mark.parametrize(
    ("lengths", "data_of"),
    [
        pytest.param({"encryptionKey": 32}, {"stack_id": "1a", "resource_name": "stdev"}, id="encrypts data"),
        pytest.param({"password": 40}, {}, id="lets clients in"),
    ],
)
def test_keys_that_encrypt_data_are_guarded(lengths: dict[str, int], data_of: dict[str, str]) -> None:
    held = {"lengths": lengths, "hashed": [], "kinds": {"encryptionKey": "base64"}, "rotating": []}
    inputs, outputs = converted("GeneratedSecrets", held, values=secret({"encryptionKey": "k"}))

    assert (inputs["data_of"], inputs["encodings"]) == (data_of, {"encryptionKey": "base64"})
    assert outputs["values"] == secret({"encryptionKey": "k"})


def test_the_unseal_key_stays() -> None:
    held = {"name": "kv", "address": "a", "container": "c", "container_id": "i", "user": "1:1", "authority": ""}
    _, outputs = converted("VaultInitialization", held, unseal_key=secret("key"))

    assert (outputs["unseal_key"], outputs["resource_name"], outputs["stack_id"]) == (secret("key"), "kv", "1a")


@pytest.mark.parametrize(
    ("others_path", "probes"),
    [
        pytest.param("/v2/", {"endpoint", "other 0"}, id="both respond"),
        pytest.param("", {"endpoint"}, id="the other only accepts connections"),
    ],
)
def test_a_gate_asks_the_same_addresses(others_path: str, probes: set[str]) -> None:
    held = {"endpoint": "a", "path": "/v2/", "expected": [401], "others": ["b"], "others_path": others_path}
    inputs, _ = converted("ReadyGate", {**held, "authority": "", "container": "c", "container_id": "i"})

    assert inputs["urls"] == {"endpoint": "a", "other 0": "b"}
    assert inputs["probes"] == {use: {"path": "/v2/", "expected": [401]} for use in probes}


def test_what_is_in_todays_form_already_stays() -> None:
    today = {"storage_account": secret({}), "bucket": "b", "record": {}}
    assert convert("WorkspaceRecord", {"inputs": today, "outputs": today}, WHOSE) == (today, today)


@pytest.mark.parametrize("kind", [*CONVERSIONS, "Unheard"])
def test_an_older_form_is_refused_with_the_way_out(kind: str) -> None:
    with pytest.raises(
        EarlierVersionError, match=rf"resource '{kind}' has a form .* Nothing was changed. Run `make up`"
    ):
        converted(kind, {"older": True})
