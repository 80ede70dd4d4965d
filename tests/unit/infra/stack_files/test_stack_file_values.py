"""Setting and removing values keeps comments and every other byte."""

import pytest

from infra.stack_files.stack_file_values import remove_value, set_value, to_flow
from infra.stack_files.yaml_document import DocumentError

FILE = """# first
config:
  # What for.
  ml-workspace:workload: churn   # because
  tags:
    owner: a@example.org
    # the number of finance
    cost-center: "4711"
  ml-workspace:keyVault: {sku: standard}  # flow
  ml-workspace:workspace:
  # Extra stores.
  ml-workspace:datastores:
    - name: features
      container: features

# last
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (["workload"], "fraud", "workload: churn ", "workload: fraud "),
        (["ml-workspace:tags", "owner"], "b@example.org", "a@example.org", "b@example.org"),
        (["tags", "cost-center"], "0815", '"4711"', '"0815"'),
        (["tags", "project"], "x", '"4711"\n', '"4711"\n    project: x\n'),
        (["keyVault", "sku"], "premium", "{sku: standard}", "{sku: premium}"),
        (
            ["keyVault", "enablePurgeProtection"],
            True,
            "{sku: standard}",
            "{sku: standard, enablePurgeProtection: true}",
        ),
        (["workspace", "friendlyName"], "Ch: urn", "workspace:\n", 'workspace: {friendlyName: "Ch: urn"}\n'),
        (["datastores", 0, "container"], "f2", "container: features", "container: f2"),
        (["datastores", 0, "tags"], {"a": "b"}, "container: features\n", "container: features\n      tags: {a: b}\n"),
        (
            ["storageAccount", "sku"],
            "Standard_GRS",
            "container: features\n",
            "container: features\n  ml-workspace:storageAccount: {sku: Standard_GRS}\n",
        ),
        (
            ["tags"],
            {"owner": "x"},
            "\n    owner: a@example.org\n    # the number of finance\n    cost-center: \"4711\"",
            "\n    {owner: x}",
        ),
    ],
    ids=lambda case: ".".join(map(str, case)) if isinstance(case, list) else None,
)  # fmt: skip
def test_a_value_is_set_in_its_place(path: list[str | int], value: object, old: str, new: str) -> None:
    assert set_value(FILE, path, value) == FILE.replace(old, new, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "removed"),
    [
        (["ml-workspace:workload"], "  ml-workspace:workload: churn   # because\n"),
        (["tags", "cost-center"], '    cost-center: "4711"\n'),
        (["datastores"], "  ml-workspace:datastores:\n    - name: features\n      container: features\n"),
        (["datastores", 0, "container"], "      container: features\n"),
        (["nosuch"], ""),
        (["tags", "nosuch"], ""),
    ],
    ids=lambda case: ".".join(map(str, case)) if isinstance(case, list) else "",
)
def test_a_value_is_removed_with_its_line(path: list[str | int], removed: str) -> None:
    assert remove_value(FILE, path) == FILE.replace(removed, "", 1 if removed else 0)


def test_a_mapping_without_its_last_entry_stays_a_mapping() -> None:
    assert remove_value(FILE, ["keyVault", "sku"]) == FILE.replace("{sku: standard}", "{}")


@pytest.mark.parametrize(
    ("text", "path", "edited"),
    [
        ("config: {a: 1}", ["b"], "config: {a: 1, ml-workspace:b: x}"),
        ("config: {}\n", ["b"], "config: {ml-workspace:b: x}\n"),
        ("config:\n", ["b"], "config: {ml-workspace:b: x}\n"),
        ("other: 1\n", ["b"], "other: 1\nconfig: {ml-workspace:b: x}\n"),
        ("config:\r\n  a: 1\r\n", ["b"], "config:\r\n  a: 1\r\n  ml-workspace:b: x\r\n"),
        ("config:\n  a: |\n    long\n    text\n", ["b"], "config:\n  a: |\n    long\n    text\n  ml-workspace:b: x\n"),
        ("config:\n  a: |\n    long\n", ["a"], "config:\n  a: x\n"),
    ],
    ids=["flow", "empty flow", "nothing", "no config", "CRLF", "after a block", "a block"],
)
def test_every_form_of_a_file_can_be_edited(text: str, path: list[str], edited: str) -> None:
    assert set_value(text, path, "x") == edited


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("config:\n  a: 1\n", ["a", "b"], "'a' is not a mapping"),
        ("config:\n  a: [1]\n", ["a", 3], "it has no 'ml-workspace:a\\[3\\]'|it has no 'a\\[3\\]'"),
        ("c: &c {x: 1}\nconfig:\n  a: *c\n", ["a", "x"], "the edit would change more than this key"),
        ("config: [1\n", ["a"], "not valid YAML"),
    ],
    ids=["a scalar", "no entry", "shared by an alias", "no YAML"],
)
def test_an_edit_that_is_not_possible_is_an_error(text: str, path: list[str | int], message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        set_value(text, path, "y")


@pytest.mark.parametrize(
    ("value", "text"),
    [("001", '"001"'), ("true", '"true"'), ("a b", "a b"), ("2027-06-30", '"2027-06-30"'), ("", '""'), ("é", '"é"')],
)
def test_strings_stay_strings(value: str, text: str) -> None:
    assert to_flow(value) == text
