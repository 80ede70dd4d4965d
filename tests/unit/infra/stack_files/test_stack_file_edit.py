"""Editing changes exactly one key and no other byte."""

import pytest

from infra.stack_files.stack_file_edit import remove_key, set_config_value, set_key
from infra.stack_files.yaml_document import DocumentError

KEY = "encryptionsalt"
FORMS = {
    "comments and quotes": "# first\nconfig:   # why\n    'p:a':  \"x\"  # because\n    p:b: [1,   2]\n\n# last\n",
    "begins with ---": "--- # here\nconfig:\n  p:a: x\n",
    "two documents": "config:\n  p:a: x\n---\nother: 1\n",
    "CRLF": "config:\r\n  p:a: x\r\n",
    "no end of line": "config:\n  p:a: x",
    "indented": "  config:\n    p:a: x\n",
    "flow": "{config: {p:a: x}}\n",
    "empty flow": "{}\n",
    "JSON": '{"config": {"p:a": "x"}}',
    "merged": "common: &c {p:a: x}\nconfig:\n  <<: *c\n",
    "long line": f"config:\n  p:a: {'x ' * 300}y\n",
    "anchor at the top": "&all\nconfig:\n  p:a: x\n",
    "comment only": "# nothing yet\n",
    "comment without an end of line": "# nothing yet",
    "empty": "",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_key_that_was_set_is_removed_without_a_trace(text: str) -> None:
    edited = set_key(text, KEY, "v1:a=:v1:b")

    assert f'{KEY}: "v1:a=:v1:b"' in edited
    assert all(line in edited for line in text.strip("{}\r\n").splitlines())
    assert remove_key(edited, KEY).rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"config: {{a: 1}}\n{KEY}: v1:x # mine\n# end\n", "config: {a: 1}\n# end\n"),
        (f"{KEY}: v1:x\r\nconfig: {{a: 1}}\r\n", "config: {a: 1}\r\n"),
        (f"'{KEY}': |\n  v1:x\nconfig: {{a: 1}}\n", "config: {a: 1}\n"),
        (f"config: {{a: 1}}\n{KEY}: v1:x", "config: {a: 1}\n"),
        (f"{{{KEY}: v1, config: {{a: 1}}}}", "{config: {a: 1}}"),
        (f"{{config: {{a: 1}}, {KEY}: v1}}", "{config: {a: 1}}"),
        (f"{{{KEY}: v1}}", "{}"),
        (f"? {KEY}\n: v1\nconfig: {{}}\n", "config: {}\n"),
        (f"config: {{a: 1, {KEY}: kept}}\n", f"config: {{a: 1, {KEY}: kept}}\n"),
        (f"config: {{a: 1}}\n# {KEY}: kept\n", f"config: {{a: 1}}\n# {KEY}: kept\n"),
    ],
    ids=[
        "last",
        "CRLF",
        "block",
        "no end of line",
        "flow, first",
        "flow, last",
        "flow, only",
        "?",
        "in config",
        "comment",
    ],
)
def test_a_key_is_removed_in_any_form(text: str, left: str) -> None:
    assert remove_key(text, KEY) == left


def test_an_existing_key_is_replaced_in_its_place() -> None:
    assert set_key(f"{KEY}: old\nconfig: {{}}\n", KEY, "new") == f'{KEY}: "new"\nconfig: {{}}\n'


def test_an_edit_that_would_change_more_is_refused() -> None:
    with pytest.raises(DocumentError, match="unknown anchor"):
        remove_key(f"{KEY}: &salt v1\nconfig: {{a: *salt}}\n", KEY)


@pytest.mark.parametrize("text", ["[", "- a\n", "text\n"], ids=["no YAML", "a list", "a text"])
def test_other_files_than_stack_files_are_not_edited(text: str) -> None:
    with pytest.raises(DocumentError):
        set_key(text, KEY, "v1")


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("config:\n  # why\n  p:a: x # b\n", 'config:\n  # why\n  p:i: "2"\n  p:a: x # b\n'),
        ("config:\n  p:a: x\n  p:i: 001 # c\nk: 1\n", 'config:\n  p:i: "2"\n  p:a: x\nk: 1\n'),
        ("k: v\nconfig: {p:a: x, p:i: y}\n", 'k: v\nconfig: {p:i: "2", p:a: x}\n'),
        ("config: {p:a: x}", 'config: {p:i: "2", p:a: x}'),
    ],
    ids=["block", "replaced", "flow", "no end of line"],
)
def test_a_value_of_the_configuration_is_set(text: str, edited: str) -> None:
    assert set_config_value(text, "p:i", "2") == edited


@pytest.mark.parametrize("text", ["", "k: 1\n", "config:\n", "config: {}\n", "config: [1]\n"])
def test_a_configuration_is_required(text: str) -> None:
    with pytest.raises(DocumentError, match="'config' is not a mapping"):
        set_config_value(text, "p:i", "2")
