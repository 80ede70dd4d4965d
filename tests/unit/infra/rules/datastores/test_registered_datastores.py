from typing import Any

import pytest

from infra.rules.datastores.registered_datastores import check_datastores
from infra.rules.violation import Violation

GOOD: dict[str, Any] = {"name": "features", "type": "AzureBlob", "container": "features-v2"}


@pytest.mark.parametrize(
    "name", ["workspaceblobstore", "workspaceartifactstore", "WorkspaceFileStore", "workspaceworkingdirectory"]
)
def test_names_of_default_datastores_are_taken(name: str) -> None:
    (violation,) = check_datastores([GOOD | {"name": name}])

    assert violation.key == "datastores[0].name"
    assert "default datastore" in violation.message


@pytest.mark.parametrize("type_", ["AzureBlob", "AzureFile"])
def test_good_datastore_passes(type_: str) -> None:
    assert check_datastores([GOOD | {"type": type_}]) == []


@pytest.mark.parametrize(("type_", "proposal"), [("azurefile", "AzureFile"), ("azure_blob", "AzureBlob"), ("s3", "S3")])
def test_other_type_is_refused(type_: str, proposal: str) -> None:
    (violation,) = check_datastores([GOOD | {"type": type_}])

    assert violation.key == "datastores[0].type"
    assert f"set 'type' to '{proposal}'" in violation.message


@pytest.mark.parametrize(("type_", "words"), [("AzureBlob", "blob container"), ("AzureFile", "file share")])
def test_container_name_follows_the_rules_of_its_store(type_: str, words: str) -> None:
    (violation,) = check_datastores([GOOD | {"type": type_, "container": "Features_1"}])

    assert violation.key == "datastores[0].container"
    assert words in violation.message


def test_second_datastore_of_a_name_is_refused_and_names_the_first() -> None:
    (violation,) = check_datastores([GOOD, GOOD | {"name": "labels"}, GOOD])

    assert violation.key == "datastores[2].name"
    assert "datastores[0] has the same name" in violation.message


def test_two_datastores_may_use_one_container() -> None:
    assert check_datastores([GOOD, GOOD | {"name": "labels"}]) == []


def test_every_violation_is_reported() -> None:
    found = check_datastores(
        [{"name": "Bad-Name", "type": "Blob", "container": "x"}, {"name": "", "type": "AzureFile"}]
    )

    assert [violation.key for violation in found] == [
        "datastores[0].name",
        "datastores[0].type",
        "datastores[0].container",
        "datastores[1].name",
    ]


@pytest.mark.parametrize("quota", [0, -1, 0.0, 1e-7, 6_000_000], ids=str)
def test_quota_that_no_container_can_have_is_refused(quota: float) -> None:
    (violation,) = check_datastores([GOOD | {"quotaInGiB": quota}])

    assert (violation.rule, violation.key) == ("datastore-limit-quota", "datastores[0].quotaInGiB")


@pytest.mark.parametrize("quota", [0.001, 1, 5 * 1024 * 1024], ids=str)
def test_quota_of_any_other_size_passes(quota: float) -> None:
    assert check_datastores([GOOD | {"quotaInGiB": quota}]) == []


class TestDefault:
    """At most one, on the workspace's own account."""

    @pytest.mark.parametrize("type_", ["AzureBlob", "AzureFile"])
    def test_one_default_passes(self, type_: str) -> None:
        assert check_datastores([GOOD | {"type": type_, "isDefault": True}, GOOD | {"name": "labels"}]) == []

    def test_a_second_default_is_refused_and_names_the_first(self) -> None:
        others = [GOOD | {"name": name, "isDefault": True} for name in ("labels", "images")]

        found = check_datastores([GOOD, *others, GOOD | {"name": "texts", "isDefault": False}])

        assert [violation.key for violation in found] == ["datastores[2].isDefault"]
        assert "datastores[1] is already the default" in found[0].message

    def test_a_store_elsewhere_is_never_the_default(self) -> None:
        (violation,) = check_elsewhere(isDefault=True)

        assert violation.key == "datastores[0].isDefault"
        assert "AzureBlob, AzureFile" in violation.message


SECRET = "wJalrXUtnFEMIexample"
S3: dict[str, Any] = {
    "name": "archive",
    "type": "S3",
    "container": "archive.example",
    "endpoint": "https://s3.eu-west-1.amazonaws.com",
    "region": "eu-west-1",
    "accessKeyId": "AKIAEXAMPLE",
    "secretAccessKey": SECRET,
}
ENCRYPTED = "datastores[0].secretAccessKey"


def check_elsewhere(*, encrypted: tuple[str, ...] = (ENCRYPTED,), **changed: object) -> list[Violation]:
    entry = {key: value for key, value in (S3 | changed).items() if value is not None}
    return check_datastores([entry], encrypted=encrypted)


class TestElsewhere:
    """An S3 store with keys that only the stack's passphrase decrypts."""

    @pytest.mark.parametrize("encrypted", [ENCRYPTED, "datastores[0]", "datastores"])
    def test_encrypted_secret_passes(self, encrypted: str) -> None:
        assert check_elsewhere(encrypted=(encrypted,)) == []

    def test_region_is_optional(self) -> None:
        assert check_elsewhere(region=None) == []

    @pytest.mark.parametrize(
        "encrypted", [(), ("datastores[1].secretAccessKey",), ("datastores[0].accessKeyId",), ("data",)], ids=str
    )
    def test_secret_in_plain_text_is_rejected_with_the_command_to_run_and_not_shown(
        self, encrypted: tuple[str, ...]
    ) -> None:
        (violation,) = check_elsewhere(encrypted=encrypted)

        assert violation.rule == "datastore-s3-require-encrypted-secret"
        assert "pulumi config set --secret --path 'ml-workspace:datastores[N].secretAccessKey'" in violation.message
        assert SECRET not in violation.message

    @pytest.mark.parametrize("key", ["endpoint", "accessKeyId", "secretAccessKey"])
    @pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
    def test_missing_key_is_reported(self, key: str, value: str | None) -> None:
        (violation,) = check_datastores([{**S3, key: value}], encrypted=[ENCRYPTED])

        assert (violation.rule, violation.key) == ("datastore-s3-require-keys", f"datastores[0].{key}")

    @pytest.mark.parametrize(
        "endpoint",
        [
            "s3.example.org",
            "ftp://s3.example.org",
            "https://",
            "https://user:word@s3.example.org",
            "https://s3.example.org/bucket",
            "https://s3.example.org?x=1",
            "https://s3.example.org:99999",
            "https://[",
            "https://s3.example.org ",
        ],
    )
    def test_endpoint_that_is_none_is_refused(self, endpoint: str) -> None:
        (violation,) = check_elsewhere(endpoint=endpoint)

        assert violation.key == "datastores[0].endpoint"
        assert "word" not in violation.message.replace("keyword", "")

    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "https://s3.example.org/", "http://[::1]:9000"])
    def test_endpoint_of_any_store_passes(self, endpoint: str) -> None:
        assert check_elsewhere(endpoint=endpoint) == []

    @pytest.mark.parametrize("container", ["ab", "Upper", "under_score", "two..dots", "-hyphen", "x" * 64, "10.0.0.1"])
    def test_bucket_that_no_store_has_is_refused(self, container: str) -> None:
        (violation,) = check_elsewhere(container=container)

        assert violation.key == "datastores[0].container"

    def test_quota_is_refused(self) -> None:
        (violation,) = check_elsewhere(quotaInGiB=5)

        assert violation.key == "datastores[0].quotaInGiB"

    def test_its_keys_are_refused_on_every_other_type_and_not_shown(self) -> None:
        found = check_datastores([{**S3, "type": "AzureBlob", "container": "archive"}])

        assert {violation.key.partition(".")[2] for violation in found} == {
            "endpoint",
            "region",
            "accessKeyId",
            "secretAccessKey",
        }
        assert not any(SECRET in violation.message or "AKIA" in violation.message for violation in found)

    def test_everything_is_reported_together(self) -> None:
        found = check_elsewhere(
            encrypted=(), name="Bad-Name", endpoint="nowhere", container="X", isDefault=True, quotaInGiB=1
        )

        assert {violation.key.partition(".")[2] for violation in found} == {
            "name",
            "endpoint",
            "container",
            "isDefault",
            "quotaInGiB",
            "secretAccessKey",
        }
