import json
from typing import Any

import pytest

from tests.support.processes import Finished
from tests.support.updates import Update, assert_unchanged, assert_updated_in_place, read_events, read_update

PARENT = "urn:pulumi:demo::ml-workspace::ml-workspace:storage:StorageAccount"


def event(operation: str, name: str = "data") -> dict[str, Any]:
    urn = f"{PARENT}$docker:index/container:Container::{name}"
    return {"sequence": 1, "resOutputsEvent": {"metadata": {"op": operation, "urn": urn}}}


def update_of(*operations: str, exit_code: int = 0) -> Update:
    stdout = "\n".join(json.dumps(event(operation, f"r{index}")) for index, operation in enumerate(operations))
    return read_update(Finished(command=("pulumi", "up"), exit_code=exit_code, stdout=stdout, stderr="boom"))


def test_steps_of_an_event_stream_are_read() -> None:
    update = update_of("create", "same")

    assert update.operations == {"create": 1, "same": 1}
    assert update.steps[0].resource_type == "docker:index/container:Container"


def test_steps_of_a_preview_digest_are_read() -> None:
    step = {"op": "create", "urn": f"{PARENT}::data", "newState": {"inputs": {"name": "data"}}}
    digest = {"config": {}, "steps": [step], "changeSummary": {"create": 1}}
    finished = Finished(command=("pulumi",), exit_code=0, stdout=json.dumps(digest, indent=4), stderr="")

    update = read_update(finished)

    assert [step.resource_type for step in update.steps] == ["ml-workspace:storage:StorageAccount"]
    assert update.steps[0].inputs == {"name": "data"}


def test_objects_on_single_lines_are_distinguished_from_text_between_them() -> None:
    assert read_events('{"a": 1}\nsome text\n{"b": {"c": 2}}\n') == [{"a": 1}, {"b": {"c": 2}}]


def test_failed_run_is_reported_without_debugging_lines() -> None:
    lines = [
        {"diagnosticEvent": {"severity": "debug", "prefix": "debug: ", "message": "noise\n"}},
        {"diagnosticEvent": {"severity": "error", "prefix": "error: ", "message": "no such image\n"}},
    ]
    stdout = "\n".join(json.dumps(line) for line in lines)

    update = read_update(Finished(command=("pulumi", "up"), exit_code=255, stdout=stdout, stderr=""))

    with pytest.raises(AssertionError, match=r"ended with 255:\nerror: no such image\n$"):
        update.check()


def test_run_without_changes_is_unchanged() -> None:
    assert_unchanged(update_of("same", "same"))


def test_change_is_named_when_none_was_expected() -> None:
    with pytest.raises(AssertionError, match=r"replace .*::r1"):
        assert_unchanged(update_of("same", "replace"))


def test_output_without_steps_does_not_prove_that_nothing_changes() -> None:
    with pytest.raises(AssertionError, match="no steps in the output"):
        assert_unchanged(update_of())


def test_failed_run_is_not_unchanged() -> None:
    with pytest.raises(AssertionError, match=r"ended with 255:\n.*boom"):
        assert_unchanged(update_of("same", exit_code=255).check())


@pytest.mark.parametrize("operation", ["create", "delete", "replace", "create-replacement", "delete-replaced"])
def test_update_in_place_does_not_allow(operation: str) -> None:
    with pytest.raises(AssertionError, match=f"{operation} .*::r1"):
        assert_updated_in_place(update_of("update", operation))


def test_update_in_place_needs_an_update() -> None:
    with pytest.raises(AssertionError, match="nothing was updated"):
        assert_updated_in_place(update_of("same"))
