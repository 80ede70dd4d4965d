from pathlib import Path

import pytest

from infra.settings.stack_file import StackFileError, read_stack_file


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
