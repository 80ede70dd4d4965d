import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.stack_files.stack_file import StackFileError, open_stack_file, read_stack_file, refine_encrypted
from tests.support.stack_file_forms import CASES, SECRET


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "Pulumi.x.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "values"),
    [(content, values) for content, values in CASES.values() if values is not None],
    ids=[name for name, (_, values) in CASES.items() if values is not None],
)
def test_values_are_those_of_the_engine(tmp_path: Path, content: bytes, values: Mapping[str, object]) -> None:
    file = open_stack_file(written(tmp_path, content))

    hidden = {
        key for key in file.values if any(key == found or found.startswith(f"{key}[") for found in file.encrypted)
    }
    assert values == {
        key: SECRET if key in hidden else json.loads(text) if text[:1] in {"[", "{"} else text
        for key, text in file.values.items()
    }


@pytest.mark.parametrize(
    "content",
    [content for content, values in CASES.values() if values is None],
    ids=[name for name, (_, values) in CASES.items() if values is None],
)
def test_content_that_pulumi_rejects_is_reported_in_one_line(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(StackFileError, match=r"reading /.*Correct the file") as caught:
        read_stack_file(written(tmp_path, content))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("config: {a: 1, a: 2}", "line 1: the key 'a' occurs twice"),
        ("config:\n  a: [", "line 2: not valid YAML"),
        ("config: text", "its key 'config' is not a mapping"),
        ("# Köln\n# é\n".encode("latin-1"), "line 1: it is not UTF-8 text"),
        ('config: {a: "\\UFFFFFFFF"}', "not valid YAML"),
        ("config: {a: " + "[" * 400 + "]" * 400 + "}", "nested more than 300 levels deep"),
        (
            "a0: &a0 x\n"
            + "".join(f"a{n}: &a{n} {'[' * 250} *a{n - 1} {']' * 250}\n" for n in range(1, 6))
            + "config: {a: *a5}\n",
            "aliases within aliases are nested too deeply",
        ),
        ("config: {a: !!binary x}", "base64"),
        ("config: {a: [!!timestamp x]}", "'x' is not a valid timestamp"),
        ("config: {a: {<<: [1]}}", "'<<' merges a mapping or a list of mappings"),
    ],
    ids=[
        "key twice",
        "broken",
        "text",
        "Latin-1",
        "no character",
        "nesting",
        "aliases",
        "base64",
        "no moment",
        "no merge",
    ],
)
def test_the_message_names_place_and_cause(tmp_path: Path, content: str | bytes, cause: str) -> None:
    with pytest.raises(StackFileError) as caught:
        read_stack_file(written(tmp_path, content))

    assert cause in str(caught.value)


def test_missing_file_names_the_folder_of_stack_files(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match=r"No such file.*stacks/Pulumi\.<stack>\.yaml"):
        read_stack_file(tmp_path / "Pulumi.x.yaml")


WITH_SECRETS = (
    "config:\n  a:list:\n  - {plain: text, hidden: {secure: v1:abc}}\n  - hidden: plain\n  a:top: {secure: v1:def}\n"
    "  b:other: {secure: {nested: mapping}}\n"
)


def test_a_placeholder_replaces_an_encrypted_value(tmp_path: Path) -> None:
    read = read_stack_file(written(tmp_path, WITH_SECRETS))

    assert read["a:list"] == '[{"plain":"text","hidden":"encrypted"},{"hidden":"plain"}]'
    assert read["a:top"] == "encrypted"
    assert "v1:" not in str(read)


def test_encrypted_values_are_identified_by_their_full_keys(tmp_path: Path) -> None:
    assert open_stack_file(written(tmp_path, WITH_SECRETS)).encrypted == {"a:list[0].hidden", "a:top"}


@pytest.mark.parametrize(
    ("known", "text", "encrypted"),
    [
        ([], WITH_SECRETS, set()),
        (["a:list", "a:top"], WITH_SECRETS, {"a:list[0].hidden", "a:top"}),
        (["a:list", "c:elsewhere"], WITH_SECRETS, {"a:list[0].hidden", "a:top", "c:elsewhere"}),
        (["a:list"], "config: text", {"a:list"}),
    ],
    ids=["no secret", "each of them", "one of another file", "a file that cannot be read"],
)
def test_the_file_says_more_exactly_what_the_engine_knows_of_whole_keys(
    tmp_path: Path, known: list[str], text: str, encrypted: set[str]
) -> None:
    assert refine_encrypted(known, written(tmp_path, text)) == encrypted


LINES = """\
# a comment with ml-workspace:tags
config:
  ml-workspace:storageAccount:
    sku: Standard_LRS
    tags:
      a.b: c
  workload: churn
  ml-workspace:datastores:
    - name: one

    - {name: two, type: x}
  ml-workspace:other: &same
    deep: 1
  ml-workspace:again: *same
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("ml-workspace:storageAccount", 3),
        ("ml-workspace:storageAccount.sku", 4),
        ("ml-workspace:storageAccount.tags.a.b", 6),
        ("ml-workspace:storageAccount.kind", 3),
        ("ml-workspace:workload", 7),
        ("ml-workspace:datastores[1].type", 11),
        ("ml-workspace:datastores[0].type", 9),
        ("ml-workspace:datastores[7]", 8),
        ("ml-workspace:again.deep", 13),
        ("ml-workspace:location", 1),
        ("", 1),
    ],
    ids=str,
)
def test_a_key_is_found_in_its_line(tmp_path: Path, key: str, line: int) -> None:
    assert open_stack_file(written(tmp_path, LINES)).line_of(key) == line


def test_an_empty_file_has_no_lines_to_name(tmp_path: Path) -> None:
    assert open_stack_file(written(tmp_path, "")).line_of("ml-workspace:workload") == 1


@pytest.mark.parametrize("other", ["a", "ml-workspace:config:a"])
def test_two_forms_of_one_key_are_rejected_since_the_cli_accepts_either(tmp_path: Path, other: str) -> None:
    path = written(tmp_path, f"config:\n  {other}: x\n  ml-workspace:a: y\n")

    with pytest.raises(StackFileError, match=f"'{other}' and 'ml-workspace:a' are the same key"):
        open_stack_file(path)
