from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.uniqueness import Named, check_unique

K = ResourceKind


def named(kind: ResourceKind, name: str, *, scope: str = "group", owner: str = "", key: str = "name") -> Named:
    return Named(kind=kind, name=name, scope=scope, owner=owner, key=key)


def test_global_name_is_unique_over_all_groups_in_any_case() -> None:
    mine, theirs = (
        named(K.KEY_VAULT, "kv-churn", scope="a"),
        named(K.KEY_VAULT, "KV-Churn", scope="b", owner="stack 'x'"),
    )

    (violation,) = check_unique([mine], [theirs])

    assert "stack 'x' already has the key vault 'KV-Churn'" in violation.message
    assert "among all stacks" in violation.message


def test_group_name_is_unique_within_its_group_only() -> None:
    mine = named(K.WORKSPACE, "mlw", scope="A")

    assert check_unique([mine], [named(K.WORKSPACE, "mlw", scope="b")]) == []
    assert len(check_unique([mine], [named(K.WORKSPACE, "MLW", scope="a", owner="stack 'x'")])) == 1


def test_kinds_do_not_share_names() -> None:
    assert check_unique([named(K.KEY_VAULT, "churn"), named(K.APPLICATION_INSIGHTS, "churn")]) == []


def test_second_of_a_name_in_one_stack_is_refused_and_names_the_first_key() -> None:
    (violation,) = check_unique(
        [named(K.STORAGE_ACCOUNT, "stx", key="a.name"), named(K.STORAGE_ACCOUNT, "STX", key="b.name")]
    )

    assert violation.key == "b.name"
    assert "'a.name' already has the storage account 'stx'" in violation.message
