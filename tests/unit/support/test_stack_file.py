from pathlib import Path

import yaml

from tests.support.stack_file import together, unique_workload, valid_settings, write_stack_file


def test_workloads_of_two_stacks_differ() -> None:
    assert len({unique_workload() for _ in range(20)}) > 1


def test_one_key_is_changed_and_one_removed() -> None:
    settings = valid_settings("t1234", environment="test", location=None)

    assert settings["environment"] == "test"
    assert "location" not in settings
    assert settings["workload"] == "t1234"


def test_stack_file_has_namespaced_keys(tmp_path: Path) -> None:
    path = write_stack_file(tmp_path, "demo", {"workload": "t1234", "tags": {"owner": "me"}})

    assert path.name == "Pulumi.demo.yaml"
    assert yaml.safe_load(path.read_text()) == {
        "config": {"ml-workspace:workload": "t1234", "ml-workspace:tags": {"owner": "me"}}
    }


def test_salt_that_the_cli_wrote_survives_a_change_of_settings(tmp_path: Path) -> None:
    path = write_stack_file(tmp_path, "demo", {"workload": "t1234"})
    path.write_text("encryptionsalt: v1:abc\n" + path.read_text())

    write_stack_file(tmp_path, "demo", {"workload": "t5678"})

    written = yaml.safe_load(path.read_text())
    assert written == {"encryptionsalt": "v1:abc", "config": {"ml-workspace:workload": "t5678"}}


def test_changes_of_one_stack_file_are_of_different_keys() -> None:
    changes = {"a": {"tags": 1}, "b": {"tags": 2, "location": 1}, "c": {"keyVault": 1}, "d": {"location": 2}}

    assert together(changes) == [["a", "c", "d"], ["b"]]
