import pytest

from mlw.diagnosis.findings import Finding, Group, Level, Repair, by_group


def test_nothing_found_is_an_empty_document() -> None:
    assert by_group([]) == {}


def test_findings_are_sorted_into_groups_and_groups_without_any_are_left_out() -> None:
    found = [
        Finding(group=Group.OTHER, code="RecordMissing", message="c"),
        Finding(group=Group.KEY_VAULT, code="Sealed", message="b"),
        Finding(group=Group.KEY_VAULT, code="ContainerLeftBehind", message="a", level=Level.WARNING),
    ]

    assert by_group(found) == {
        "key_vault": [
            {"code": "ContainerLeftBehind", "level": "warning", "message": "a", "fix": ""},
            {"code": "Sealed", "level": "error", "message": "b", "fix": ""},
        ],
        "other": [{"code": "RecordMissing", "level": "error", "message": "c", "fix": ""}],
    }


@pytest.mark.parametrize(
    ("message", "fix"),
    [
        ("it is gone. Run `make up STACK=dev`, which recreates it.", "make up STACK=dev"),
        ("Run `make up STACK=dev`, or `docker start x`.", "make up STACK=dev"),
        ("Remove it with `docker rm -f x` and run `make up STACK=dev`.", "docker rm -f x && make up STACK=dev"),
        ("Run `pulumi refresh -s dev` and `make up STACK=dev`.", "pulumi refresh -s dev && make up STACK=dev"),
        ("the bucket `azureml` differs. Wait.", ""),
    ],
)
def test_a_fix_is_a_command_of_the_message(message: str, fix: str) -> None:
    assert Finding(group=Group.OTHER, code="X", message=message).fix == fix


def test_a_known_repair_is_the_fix() -> None:
    repair = Repair(verb="unpause", container="kv-dev")

    assert Finding(group=Group.OTHER, code="X", message="Run `make up`.", repair=repair).fix == "docker unpause kv-dev"
