"""The table of names, row by row: literal names that Azure accepts and rejects, and properties of all rows."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rules.names.name_rules import NAME_RULES, ResourceKind, Scope
from infra.rules.names.naming import NameNotMadeError, NamingComponents, check_name, make_name
from infra.rules.names.regions import REGIONS

K = ResourceKind
CHURN = NamingComponents(workload="churn", environment="dev", location="westeurope", instance="001")

LIMITS = {
    K.RESOURCE_GROUP: (1, 90),
    K.STORAGE_ACCOUNT: (3, 24),
    K.BLOB_CONTAINER: (3, 63),
    K.FILE_SHARE: (3, 63),
    K.CONTAINER_REGISTRY: (5, 50),
    K.KEY_VAULT: (3, 24),
    K.SECRET: (1, 127),
    K.APPLICATION_INSIGHTS: (1, 255),
    K.LOG_WORKSPACE: (4, 63),
    K.WORKSPACE: (3, 33),
    K.COMPUTE_INSTANCE: (3, 24),
    K.COMPUTE_CLUSTER: (3, 32),
    K.ENDPOINT: (3, 32),
    K.DEPLOYMENT: (3, 32),
    K.DATASTORE: (1, 255),
    K.ASSET: (1, 255),
}
LEGAL = {
    K.RESOURCE_GROUP: ["r", "rg-churn", "RG_(prod).1", "_", "-", "a.b", "(x)"],
    K.STORAGE_ACCOUNT: ["abc", "123", "stchurndevwesteurope001"],
    K.BLOB_CONTAINER: ["abc", "a-b-c", "0x9", "features-v2"],
    K.FILE_SHARE: ["abc", "code-01"],
    K.CONTAINER_REGISTRY: ["Abcde", "crchurn001", "12345"],
    K.KEY_VAULT: ["kv1", "Kv-churn-001", "a-b"],
    K.SECRET: ["a", "-", "db-Password-1"],
    K.APPLICATION_INSIGHTS: ["a", "appi-churn", "(x)_", ".a", "_"],
    K.LOG_WORKSPACE: ["logs", "log-churn-001", "9--9"],
    K.WORKSPACE: ["mlw", "mlw_churn-", "9-_", "mlw-churn-dev-westeurope-001"],
    K.COMPUTE_INSTANCE: ["ci1", "ci-dev1", "a--b", "ci-1a"],
    K.COMPUTE_CLUSTER: ["cpu", "cpu-cluster-1", "a--b"],
    K.ENDPOINT: ["end", "churn-v1", "a-1"],
    K.DEPLOYMENT: ["blue", "blue-2"],
    K.DATASTORE: ["a", "_", "feature_store_1", "0"],
    K.ASSET: ["a", "Model_1-x", "9-"],
}
ILLEGAL = {
    K.RESOURCE_GROUP: ["rg.", "rg churn", "rg#1", "rg/1", "größe", "rg\n", "rg,1"],
    K.STORAGE_ACCOUNT: ["Abc", "st-churn", "st_churn", "st churn", "stö", "stchurn\n", "st.churn", "microsoftdata"],
    K.BLOB_CONTAINER: ["-ab", "ab-", "a--b", "Abc", "a_b", "$root", "$web", "a.b", "abc\n"],
    K.FILE_SHARE: ["-ab", "ab-", "a--b", "Code", "a_b"],
    K.CONTAINER_REGISTRY: ["cr-churn", "cr_churn", "cr.churn", "crchürn", "azurewindowscr", "logincr"],
    K.KEY_VAULT: ["1kv", "-kv", "kv-", "k--v", "kv_1", "kv.1", "kv 1", "vault\n", "Azure", "login-kv", "kv-microsoft"],
    K.SECRET: ["a_b", "a.b", "a b", "ä"],
    K.APPLICATION_INSIGHTS: ["a.", "a b", "a%b", "a&b", "a\\b", "a?b", "a/b", "a\x01"],
    K.LOG_WORKSPACE: ["-logs", "logs-", "log_s", "log s"],
    K.WORKSPACE: ["-mlw", "_mlw", "ml w", "ml.w", "mlwö", "mlw\n"],
    K.COMPUTE_INSTANCE: ["1ci", "ci-001", "ci-", "c_1", "ci-1-2"],
    K.COMPUTE_CLUSTER: ["1cpu", "cpu-", "c_u", "-cpu"],
    K.ENDPOINT: ["1end", "end-", "a--b", "e_d", "Office", "loginend"],
    K.DEPLOYMENT: ["1blue", "blue-", "a--b", "b_1"],
    K.DATASTORE: ["A", "a-b", "a b", "a.b", "ä"],
    K.ASSET: ["-a", "_a", "a.b", "a b", "ä"],
}


def pairs(table: dict[ResourceKind, list[str]]) -> list[object]:
    return [pytest.param(kind, name, id=f"{kind}: {name!r}") for kind, names in table.items() for name in names]


every_kind = pytest.mark.parametrize("kind", list(K), ids=str)


def test_every_kind_has_a_row_and_examples() -> None:
    assert set(NAME_RULES) == set(LIMITS) == set(LEGAL) == set(ILLEGAL) == set(K)


@pytest.mark.parametrize(("kind", "name"), pairs(LEGAL))
def test_legal_name_passes(kind: ResourceKind, name: str) -> None:
    assert check_name(kind, name) == []


@pytest.mark.parametrize(("kind", "name"), pairs(ILLEGAL))
def test_illegal_name_is_one_violation_that_names_the_mistake(kind: ResourceKind, name: str) -> None:
    (violation,) = check_name(kind, name, key="ml-workspace:x.name")

    assert violation.key == "ml-workspace:x.name"
    assert violation.value == name
    assert "does not match the naming pattern" not in violation.message
    assert "\n" not in violation.message


@every_kind
def test_shortest_and_longest_names_pass_and_one_beyond_fails(kind: ResourceKind) -> None:
    shortest, longest = LIMITS[kind]

    assert check_name(kind, "a" * shortest) == []
    assert check_name(kind, "a" * longest) == []
    for length in (shortest - 1, longest + 1):
        (violation,) = check_name(kind, "a" * length)
        assert f"it has {length} characters" in violation.found
        assert f"{shortest}-{longest} characters" in violation.allowed


@pytest.mark.parametrize("word", ["azure", "Xbox", "OFFICE365", "visualstudio"])
@pytest.mark.parametrize(
    "kind", [K.STORAGE_ACCOUNT, K.CONTAINER_REGISTRY, K.KEY_VAULT, K.WORKSPACE, K.ENDPOINT], ids=str
)
def test_reserved_word_is_rejected_only_as_a_whole_name(kind: ResourceKind, word: str) -> None:
    name = word.lower() if kind is K.STORAGE_ACCOUNT else word

    assert "reserved word" in check_name(kind, name)[0].message
    assert check_name(kind, f"x{name}") == []


@pytest.mark.parametrize("kind", [K.RESOURCE_GROUP, K.COMPUTE_CLUSTER, K.APPLICATION_INSIGHTS], ids=str)
def test_names_without_public_address_may_contain_reserved_words(kind: ResourceKind) -> None:
    assert check_name(kind, "login-windows-azure") == []


def test_message_has_key_value_allowed_and_a_fix_that_is_legal() -> None:
    (violation,) = check_name(K.STORAGE_ACCOUNT, "Team_A-data", key="ml-workspace:storageAccount.name")

    assert violation.message == (
        "ml-workspace:storageAccount.name is 'Team_A-data': not a legal storage account name: it contains '_', '-', "
        "upper case; allowed: 3-24 characters of a-z and 0-9, no reserved word; to fix it: set "
        "'ml-workspace:storageAccount.name' to e.g. 'teamadata' [naming-storage-account-require-legal-name]"
    )


def test_value_that_is_not_a_string_is_rejected() -> None:
    assert "it is not a string" in check_name(K.KEY_VAULT, 5)[0].message


def test_global_names_are_those_of_storage_registry_and_vault() -> None:
    assert {kind for kind, rule in NAME_RULES.items() if rule.scope is Scope.GLOBAL} == {
        K.STORAGE_ACCOUNT,
        K.CONTAINER_REGISTRY,
        K.KEY_VAULT,
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (K.RESOURCE_GROUP, "rg-churn-dev-westeurope-001"),
        (K.STORAGE_ACCOUNT, "stchurndevwesteurope001"),
        (K.CONTAINER_REGISTRY, "crchurndevwesteurope001"),
        (K.KEY_VAULT, "kv-churn-dev-we-001"),
        (K.APPLICATION_INSIGHTS, "appi-churn-dev-westeurope-001"),
        (K.LOG_WORKSPACE, "log-churn-dev-westeurope-001"),
        (K.WORKSPACE, "mlw-churn-dev-westeurope-001"),
        (K.COMPUTE_INSTANCE, "churn-dev-westeurope001"),
        (K.DATASTORE, "churn_dev_westeurope_001"),
    ],
    ids=str,
)
def test_generated_name_follows_the_cloud_adoption_framework(kind: ResourceKind, expected: str) -> None:
    assert make_name(kind, CHURN) == expected


def test_full_region_name_is_used_if_it_just_fits() -> None:
    naming = NamingComponents(workload="churn", environment="dev", location="uksouth", instance="001")

    assert make_name(K.KEY_VAULT, naming) == "kv-churn-dev-uksouth-001"
    assert len("kv-churn-dev-uksouth-001") == 24


def test_name_longer_than_limit_is_refused_with_a_proposal_not_cut() -> None:
    naming = NamingComponents(workload="customer-churn", environment="dev", location="westeurope", instance="001")

    with pytest.raises(NameNotMadeError, match="more than allowed") as caught:
        make_name(K.KEY_VAULT, naming, key="ml-workspace:keyVault.name")

    assert caught.value.proposal == "kv-customerch-dev-we-001"
    assert caught.value.too_long
    assert "'kv-customerch-dev-we-001'" in caught.value.violation.fix
    assert caught.value.violation.value == "kv-customer-churn-dev-westeurope-001"
    assert "it has 36 characters, more than allowed (and 28 with the region's short code 'we')" in str(caught.value)
    assert "'customer-churn'" in str(caught.value)


def test_length_is_valid_if_the_short_region_fits() -> None:
    naming = NamingComponents(workload="a--b", environment="dev", location="westeurope", instance="001")

    with pytest.raises(NameNotMadeError, match="'kv-a--b-dev-we-001'") as caught:
        make_name(K.KEY_VAULT, naming)

    assert caught.value.problems == ["it has two hyphens in a row"]


def test_one_character_is_said_in_the_singular() -> None:
    assert "it has 1 character, fewer than allowed" in check_name(K.KEY_VAULT, "k")[0].found


def test_illegal_character_in_the_workload_is_not_a_length_problem() -> None:
    naming = NamingComponents(workload="a_b", environment="dev", location="westeurope", instance="001")

    with pytest.raises(NameNotMadeError, match="contains '_'") as caught:
        make_name(K.STORAGE_ACCOUNT, naming)

    assert not caught.value.too_long


texts = st.text(max_size=40) | st.from_regex(r"[A-Za-z0-9_.-]{0,40}", fullmatch=True)
parts_of = st.builds(
    NamingComponents,
    workload=texts,
    environment=st.sampled_from(["dev", "test", "stage", "prod"]),
    location=st.sampled_from(sorted(REGIONS)) | texts,
    instance=st.from_regex(r"[0-9]{1,4}", fullmatch=True) | texts,
)


@given(kind=st.sampled_from(K), naming=parts_of)
def test_generated_names_are_valid_and_failures_are_explained(kind: ResourceKind, naming: NamingComponents) -> None:
    made = _made(kind, naming)

    if isinstance(made, str):
        assert check_name(kind, made) == []
    else:
        assert made.violation.found
        assert made.proposal == "" or check_name(kind, made.proposal) == []
        assert "\n" not in str(made)


def _made(kind: ResourceKind, naming: NamingComponents) -> str | NameNotMadeError:
    try:
        return make_name(kind, naming)
    except NameNotMadeError as error:
        return error


@given(kind=st.sampled_from(K), name=texts)
def test_a_name_is_refused_exactly_if_pattern_or_reserved_words_refuse_it(kind: ResourceKind, name: str) -> None:
    rule = NAME_RULES[kind]
    refused = check_name(kind, name)

    if rule.pattern.fullmatch(name):
        assert not refused or (rule.public and "reserved word" in refused[0].found)
    else:
        assert refused
        assert "does not match the naming pattern" not in refused[0].message


@given(kind=st.sampled_from(K), name=texts)
def test_the_proposal_in_a_fix_is_legal(kind: ResourceKind, name: str) -> None:
    for violation in check_name(kind, name):
        proposal = re.search(r"e\.g\. '(.*)'$", violation.fix)
        assert proposal is None or check_name(kind, proposal[1]) == []


@given(
    kind=st.sampled_from([K.RESOURCE_GROUP, K.KEY_VAULT, K.WORKSPACE]),
    first=st.tuples(st.from_regex("[a-z]{1,4}", fullmatch=True), st.sampled_from(sorted(REGIONS))),
    second=st.tuples(st.from_regex("[a-z]{1,4}", fullmatch=True), st.sampled_from(sorted(REGIONS))),
)
def test_different_components_lead_to_different_names(
    kind: ResourceKind, first: tuple[str, str], second: tuple[str, str]
) -> None:
    made = [
        make_name(kind, NamingComponents(workload=workload, environment="dev", location=location, instance="001"))
        for workload, location in (first, second)
    ]

    assert (made[0] == made[1]) == (first == second)
