from infra.rules.violation import HIDDEN, Violation, join_key, quote


def violation(**changed: object) -> Violation:
    values = {"rule": "r", "key": "k", "value": "v", "found": "f", "allowed": "a", "fix": "x"} | changed
    return Violation(**values)  # type: ignore[arg-type]


def test_message_contains_key_value_found_allowed_fix_rule_and_assignment() -> None:
    full = violation(file="stacks/Pulumi.dev.yaml", assigned="assignment 'z' at scope")

    assert (
        full.message == "k is 'v': f; allowed: a; to fix it in stacks/Pulumi.dev.yaml: x [r, assignment 'z' at scope]"
    )


def test_message_without_value_and_file() -> None:
    assert violation(value=None).message == "k: f; allowed: a; to fix it: x [r]"


def test_secret_value_is_hidden() -> None:
    assert violation(value="hunter2", secret=True).message == f"k is {HIDDEN}: f; allowed: a; to fix it: x [r]"


def test_quoted_value_stays_on_one_short_line() -> None:
    assert quote("a\nb\x00") == "'a\\nb\\x00'"
    assert quote("x" * 300) == f"'{'x' * 200}…' (300 characters)"


def test_booleans_and_whole_numbers_read_as_in_the_stack_file() -> None:
    assert [quote(value) for value in (True, False, 7, 7.0, 7.5)] == ["true", "false", "7", "7", "7.5"]


def test_keys_are_joined_with_dots_and_indexes_without() -> None:
    assert join_key("a", "b") == "a.b"
    assert join_key("a", "[0]") == "a[0]"
    assert join_key("", "b") == "b"
    assert violation().under("p").key == "p.k"
