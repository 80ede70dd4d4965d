"""Digests of a configuration: they show which keys changed, and nothing else."""

import hashlib
import json

import pytest

from infra.rules.stack.locked_changes import CHANGE, AcceptedStack
from infra.rules.violation import ConfigurationError
from infra.settings import Settings, load
from infra.settings.configuration_digests import ROUNDS, digests

TAGS = {"owner": "ml@example.org", "cost-center": "4711", "project": "churn"}
FROZEN = {"name": "frozen", "level": "ReadOnly", "notes": ""}
LAKE = {
    "name": "lake",
    "type": "S3",
    "container": "lake",
    "endpoint": "https://s3.example.org",
    "region": "eu-1",
    "accessKeyId": "the-key-id",
    "secretAccessKey": "the-secret-key",
}
ENCRYPTED = ("ml-workspace:datastores",)


def config(**keys: object) -> dict[str, str]:
    values: dict[str, object] = {"workload": "churn", "tags": TAGS} | keys
    return {f"ml-workspace:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}


def settings(**keys: object) -> Settings:
    return load(config(**keys), stack="churn", encrypted=ENCRYPTED)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"location": "westeurope"}, set(), id="a default that is written out"),
        pytest.param({"allowReplacement": ["stold"]}, set(), id="what is no property"),
        pytest.param({"resourceGroup": {"locks": [FROZEN]}}, set(), id="locks"),
        pytest.param({"tls": True}, {"tls"}, id="at the top"),
        pytest.param(
            {"keyVault": {"enablePurgeProtection": True}}, {"keyVault.enablePurgeProtection"}, id="a property"
        ),
        pytest.param({"datastores": [LAKE]}, {"datastores"}, id="a datastore"),
        pytest.param({"limits": {"tracking": {"cpu": 1}}}, set(), id="a limit of a service that is off"),
        pytest.param(
            {"tracking": {}}, {"tracking.softDeleteRetentionInDays", "limits.tracking"}, id="an optional service"
        ),
        pytest.param(
            {"inference": {"identities": []}},
            {"inference.maximumRequestSizeInMB", "limits.inference"},
            id="no identity",
        ),
        pytest.param({"limits": {"keyVault": {"cpu": 1}}}, {"limits.keyVault"}, id="a limit"),
        pytest.param({"portRange": {"first": 21000, "last": 22000}}, {"portRange.first", "portRange.last"}, id="ports"),
    ],
)
def test_differences_are_the_changed_keys(changed: dict[str, object], told: set[str]) -> None:
    before, after = digests(settings()), digests(settings(**changed))

    assert {key for key in {*before, *after} if before.get(key) != after.get(key)} == told


def test_a_changed_secret_is_reported_without_its_value() -> None:
    before, after = (
        digests(settings(datastores=[LAKE])),
        digests(settings(datastores=[{**LAKE, "secretAccessKey": "x"}])),
    )

    assert before["datastores"] != after["datastores"]
    assert "the-secret-key" not in json.dumps(before)


def test_secrets_are_digested_too_slowly_for_guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def derive(_name: str, _text: bytes, _salt: bytes, count: int) -> bytes:
        rounds.append(count)
        return b"digest"

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", derive)
    digests(settings())
    assert rounds == [], "nothing is secret, and no hash is computed"

    digests(settings(datastores=[LAKE]))
    assert rounds == [ROUNDS]


@pytest.mark.parametrize("actions", [(), ("--replace",)], ids=["a changed file", "an action"])
def test_a_locked_stack_is_not_changed(actions: tuple[str, ...]) -> None:
    accepted = AcceptedStack(locks=[FROZEN], configuration=digests(settings()))
    assert load(config(), stack="churn", accepted=accepted)

    with pytest.raises(ConfigurationError, match="nothing was created") as caught:
        load(config() if actions else config(tls=True), stack="churn", accepted=accepted, actions=actions)

    assert [violation.rule for violation in caught.value.violations] == [CHANGE]


def test_without_computes_the_digests_are_those_of_a_version_that_did_not_know_them() -> None:
    compute = {"name": "cpu", "type": "AmlCompute"}

    assert "computes" not in digests(settings(tracking={}))
    assert "computes" in digests(settings(tracking={}, computes=[compute]))
