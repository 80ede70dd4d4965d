"""Exact limits of tags, and values that look like secrets."""

import pytest

from infra.rules.policy.rule import ResourceView, Rule
from infra.rules.resources.component_types import KEY_VAULT, STORAGE_ACCOUNT
from infra.rules.tags import tag_limits
from infra.rules.tags.secret_detection import looks_like_secret
from infra.rules.violation import Violation


def violations_of(rule: Rule, tags: dict[str, object], type_token: str = KEY_VAULT) -> list[Violation]:
    """The violations of ``rule`` in a resource with these tags."""
    return list(rule.check(ResourceView(type_token, {"tags": tags})))


def rules_of(violations: list[Violation]) -> list[str]:
    return [violation.rule for violation in violations]


def test_fifty_tags_pass_and_the_fifty_first_does_not() -> None:
    fifty = {f"tag{number}": "x" for number in range(50)}

    assert list(tag_limits.check_tags(fifty)) == []
    (violation,) = list(tag_limits.check_tags(fifty | {"one-more": "x"}))
    assert violation.rule == tag_limits.limit_count.id
    assert "51 tags" in violation.found


@pytest.mark.parametrize(
    ("type_token", "limit"), [(KEY_VAULT, 512), (STORAGE_ACCOUNT, 128)], ids=["elsewhere", "storage account"]
)
def test_tag_name_has_a_limit_that_is_lower_on_storage_accounts(type_token: str, limit: int) -> None:
    assert violations_of(tag_limits.require_legal_name, {"n" * limit: "x"}, type_token) == []
    (violation,) = violations_of(tag_limits.require_legal_name, {"n" * (limit + 1): "x"}, type_token)
    assert f"{limit + 1} characters" in violation.found


def test_tag_value_has_at_most_256_characters_of_any_kind() -> None:
    assert violations_of(tag_limits.require_legal_value, {"a": "<>%&\\?/ ö\n" + "x" * 246, "b": ""}) == []
    (violation,) = violations_of(tag_limits.require_legal_value, {"a": "x" * 257})
    assert "257 characters" in violation.found


@pytest.mark.parametrize("character", [*list("<>%&\\?/"), "\x00", "\n", "\x7f", "\x85"], ids=repr)
def test_forbidden_character_in_a_tag_name(character: str) -> None:
    (violation,) = violations_of(tag_limits.require_legal_name, {f"a{character}b": "x"})

    assert violation.rule == tag_limits.require_legal_name.id
    assert "\n" not in violation.message


@pytest.mark.parametrize("name", ["microsoftOwner", "Azure-x", "WINDOWS", "azure"])
def test_reserved_prefix_is_rejected_in_any_case(name: str) -> None:
    assert "reserved" in violations_of(tag_limits.require_legal_name, {name: "x"})[0].found


@pytest.mark.parametrize("name", ["my-azure", "cost center", "größe", "a.b:c#d", "hidden-title", "ADMIN_HIDE_SURVEY"])
def test_other_tag_names_pass(name: str) -> None:
    assert list(tag_limits.check_tags({name: "TRUE"})) == []


@pytest.mark.parametrize("name", ["", "  "], ids=["empty", "blank"])
def test_tag_name_is_not_empty(name: str) -> None:
    assert "empty" in violations_of(tag_limits.require_legal_name, {name: "x"})[0].found


def test_names_that_differ_only_in_case_are_refused_together() -> None:
    (violation,) = list(tag_limits.check_tags({"Owner": "a", "owner": "b", "x": "c"}))

    assert violation.rule == tag_limits.forbid_case_twins.id
    assert "'Owner and owner'" in violation.message


@pytest.mark.parametrize("value", [5, True, None, ["a"], {"a": "b"}], ids=repr)
def test_value_that_is_not_a_string_is_rejected(value: object) -> None:
    (violation,) = violations_of(tag_limits.require_legal_value, {"a": value})

    assert "not a string" in violation.found


SECRETS = {
    "password by name": ("db-password", "hunter2"),
    "api key by name": ("apiKey", "abc"),
    "token by name": ("GITHUB_TOKEN", "abc"),
    "connection string": (
        "info",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFyYmF6cXV4;EndpointSuffix=x",
    ),
    "storage key": (
        "info",
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    ),
    "private key": ("info", "-----BEGIN RSA PRIVATE KEY-----"),
    "access key id": ("info", "AKIAIOSFODNN7EXAMPLE"),
    "git token": ("info", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"),
    "vault token": ("info", "hvs.CAESIJ0123456789abcdef"),
    "jwt": ("info", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk"),
    "sas": ("info", "https://a.example.org/c?sv=2022&sig=abcdefghijklmnopqrstuvwx%3D"),
    "password in a url": ("info", "postgres://user:hunter2@db/churn"),
    "bearer": ("info", "Bearer abcdefghijklmnopqrstuvwx"),
}
HARMLESS = {
    "mail": ("owner", "ml-platform@example.org"),
    "number": ("cost-center", "4711"),
    "commit": ("commit", "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"),
    "sha256": ("digest", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    "guid": ("subscription", "00000000-0000-0000-0000-000000000000"),
    "resource id": ("vault", "/subscriptions/0000/resourceGroups/rg-x/providers/Microsoft.KeyVault/vaults/kv-x"),
    "url": ("docs", "https://example.org/wiki/Churn?version=2"),
    "sentence": ("purpose", "Models that tell which customers are about to leave."),
    "flag": ("contains-secret", "false"),
    "key in passing": ("keyword", "churn"),
    "rotation": ("secret-rotation", "monthly"),
    "token budget": ("token-budget", "500000"),
    "json": ("facts", '{"a": 1, "b": "x"}'),
    "date": ("expires", "2027-06-30"),
    "key vault": ("key-vault", "kv-churn"),
}


@pytest.mark.parametrize(("name", "value"), SECRETS.values(), ids=SECRETS.keys())
def test_secret_is_refused_and_never_shown(name: str, value: str) -> None:
    violations = list(tag_limits.check_tags({name: value}))

    assert rules_of(violations) == [tag_limits.forbid_secrets.id]
    assert value not in violations[0].message


@pytest.mark.parametrize(("name", "value"), HARMLESS.values(), ids=HARMLESS.keys())
def test_ordinary_value_is_not_a_secret(name: str, value: str) -> None:
    assert not looks_like_secret(name, value)
