from pathlib import Path

import pytest

from infra.settings.stack_file import StackFileError, encrypted_keys, read_stack_file, refine_encrypted


def written(folder: Path, text: str) -> Path:
    path = folder / "Pulumi.x.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_are_as_the_engine_would_give_them(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "encryptionsalt: v1:x\nconfig:\n  a:text: churn\n  a:flag: true\n  a:number: 7\n  a:quoted: '001'\n"
        "  a:yes: yes\n  a:map: {b: [1, no]}\n  a:none:\n  a:date: {c: 2027-06-30}\n",
    )

    assert read_stack_file(path) == {
        "a:text": "churn",
        "a:flag": "true",
        "a:number": "7",
        "a:quoted": "001",
        "a:yes": "yes",
        "a:map": '{"b": [1, "no"]}',
        "a:none": "",
        "a:date": '{"c": "2027-06-30"}',
    }


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("config: {a: 1, a: 2}", "the key 'a' stands twice"),
        ("config: [", "it is not YAML"),
        ("", "it has no mapping 'config'"),
        ("config: text", "it has no mapping 'config'"),
    ],
    ids=["key twice", "broken", "empty", "text"],
)
def test_file_that_is_no_stack_file_is_refused_in_one_line(tmp_path: Path, text: str, cause: str) -> None:
    with pytest.raises(StackFileError, match=cause) as caught:
        read_stack_file(written(tmp_path, text))

    assert "\n" not in str(caught.value)


def test_absent_file_says_where_stacks_are_configured(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match=r"No such file.*stacks/Pulumi\.<stack>\.yaml"):
        read_stack_file(tmp_path / "Pulumi.x.yaml")


WITH_SECRETS = (
    "config:\n  a:list:\n  - {plain: text, hidden: {secure: v1:abc}}\n  - hidden: plain\n  a:top: {secure: v1:def}\n"
    "  b:other: {secure: {nested: mapping}}\n"
)


def test_a_word_stands_for_an_encrypted_value(tmp_path: Path) -> None:
    read = read_stack_file(written(tmp_path, WITH_SECRETS))

    assert read["a:list"] == '[{"plain": "text", "hidden": "encrypted"}, {"hidden": "plain"}]'
    assert read["a:top"] == "encrypted"
    assert "v1:" not in str(read)


def test_encrypted_values_are_known_by_their_full_keys(tmp_path: Path) -> None:
    assert encrypted_keys(written(tmp_path, WITH_SECRETS)) == {"a:list[0].hidden", "a:top"}


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
