"""What is collected from histories and states: every run once, with what it changed."""

import json
import os
from datetime import UTC, datetime

import pytest

from mlw.activity import activity_places, collecting, event_log, last_seen, run_notes, run_recording, verification
from mlw.activity.events import Event, caller
from mlw.stacks.stacks import context_of
from tests.unit.states import SECRET_SIGNATURE, Place, a_lock, a_resource, group_id, resource_id, the_outputs
from tests.unit.update_history import BEGIN, CREATED, RUN, STORAGE, History, kill, lines, resources


@pytest.fixture
def history(place: Place) -> History:
    return History(place)


def collected() -> list[Event]:
    """All events in the order in which they were recorded, after another collection."""
    run_recording.catch_up_all(context_of("-"))
    assert verification.verify().findings == []
    return list(event_log.read_events(newest_first=False))


def test_an_update_is_recorded_with_what_it_created(history: History) -> None:
    note = history.begin()
    history.update(resources(), note=note)
    kill(note.path)

    found = collected()

    assert lines(found) == [
        f"{RUN}/write Started",
        *(f"{name} Succeeded" for name in CREATED),
        f"{RUN}/write Succeeded",
    ]
    assert {event["caller"] for event in found} == {caller()}
    assert {event["correlationId"] for event in found} == {note.run.correlation_id}
    assert {event["resourceGroupName"] for event in found} == {"rg-dev"}
    assert found[0]["resourceId"] == f"{group_id('dev')}/providers/{RUN}/dev"
    assert found[2]["resourceId"] == resource_id("dev", "storageAccount")
    assert found[2]["properties"]["action"] == "create"
    assert found[-1]["properties"]["resourceChanges"] == {"create": len(resources())}
    assert not list(activity_places.runs().iterdir())


def test_nothing_is_recorded_twice(history: History) -> None:
    note = history.begin()
    history.update(resources(), note=note)
    first = collected()

    assert collected() == first
    # A collector that was killed after it wrote the log, before it remembered that.
    last_seen.forget(history.context)
    collecting.collect(history.context)
    assert collected() == first


def test_a_changed_property_is_recorded_with_old_and_new_value(history: History) -> None:
    history.update(resources(accessTier="Hot"))
    before = len(collected())
    history.update(resources(accessTier="Cool"))

    found = collected()[before:]

    assert lines(found) == [f"{RUN}/write Started", f"{STORAGE}/write Succeeded", f"{RUN}/write Succeeded"]
    assert found[1]["properties"] == {"action": "update", "changes": {"accessTier": {"old": "Hot", "new": "Cool"}}}


def test_secrets_are_never_recorded(history: History) -> None:
    history.update(resources(key=SECRET_SIGNATURE, nested={"deep": [SECRET_SIGNATURE]}))

    text = json.dumps(collected())

    assert SECRET_SIGNATURE["ciphertext"] not in text
    assert '"deep": ["[secret]"]' in text


def test_a_destroy_is_recorded_with_what_it_deleted(history: History) -> None:
    history.update(resources())
    before = len(collected())
    history.update([], kind="destroy")

    found = collected()[before:]

    assert lines(found) == [
        f"{RUN}/delete Started",
        *(f"{name.removesuffix('write')}delete Succeeded" for name in CREATED),
        f"{RUN}/delete Succeeded",
    ]
    assert {event["resourceGroupName"] for event in found} == {"rg-dev"}


def test_an_update_without_changes_is_only_a_run(history: History) -> None:
    history.update(resources())
    before = len(collected())
    history.update(resources())

    assert lines(collected()[before:]) == [f"{RUN}/write Started", f"{RUN}/write Succeeded"]


def test_a_failed_update_has_failed_resources_until_one_succeeds(history: History) -> None:
    history.update(resources()[:4], result="failed")
    first = collected()
    history.update(resources())

    second = collected()[len(first) :]

    assert lines(first) == [
        f"{RUN}/write Started",
        "Microsoft.Resources/subscriptions/resourceGroups/write Failed",
        f"{STORAGE}/write Failed",
        f"{RUN}/write Failed",
    ]
    assert first[1]["level"] == "Error"
    assert "before all of it was done" in first[1]["properties"]["statusMessage"]
    assert sorted(lines(second)[1:-1]) == sorted(f"{name} Succeeded" for name in CREATED)


def test_a_run_is_started_while_it_runs_and_completed_later(history: History) -> None:
    note = run_notes.begin("dev", verb="up", backend=history.context.backend_id)
    assert lines(collected()) == [f"{RUN}/write Started"]
    assert lines(collected()) == [f"{RUN}/write Started"]

    history.update(resources(), note=note)

    assert lines(collected())[-1] == f"{RUN}/write Succeeded"
    assert lines(collected()).count(f"{RUN}/write Started") == 1


def test_a_killed_run_is_recorded_as_failed_with_what_it_did(history: History) -> None:
    history.update(resources(accessTier="Hot"))
    before = len(collected())
    note = history.begin()
    history.edit(resources(accessTier="Cool"))
    kill(note.path)

    found = collected()[before:]

    assert sorted(lines(found)) == sorted([f"{RUN}/write Started", f"{STORAGE}/write Failed", f"{RUN}/write Failed"])
    assert {event["operationId"] for event in found} == {note.run.id}
    assert "without a result" in found[-1]["properties"]["statusMessage"]


def test_a_killed_run_that_did_nothing_is_recorded_as_failed(history: History) -> None:
    kill(history.begin("destroy").path)

    assert lines(collected()) == [f"{RUN}/delete Started", f"{RUN}/delete Failed"]


def test_a_state_that_was_edited_is_recorded(history: History) -> None:
    history.update(resources(accessTier="Hot"))
    before = len(collected())
    history.edit(resources(accessTier="Cool"))
    collecting.collect(history.context)

    found = collected()[before:]

    assert lines(found) == [f"{RUN}/edit/action Started", f"{STORAGE}/write Succeeded", f"{RUN}/edit/action Succeeded"]
    assert found[0]["caller"] == ""


def test_a_removed_state_is_recorded_as_deletion(history: History) -> None:
    history.update(resources())
    before = len(collected())
    history.edit(None)

    found = collected()[before:]

    assert [event["operationName"] for event in found if event["operationName"].endswith("/delete")] == [
        f"{name.removesuffix('write')}delete" for name in CREATED
    ]


def test_a_stack_that_was_renamed_is_not_recorded_as_deleted(history: History) -> None:
    history.update(resources())
    before = collected()
    (history.place.states / "dev.json").rename(history.place.states / "other.json")

    assert collected() == before
    assert last_seen.stacks(history.context.backend_id) == ["other"]


def test_an_update_while_another_process_holds_the_stack_is_left_alone(history: History) -> None:
    history.update(resources(accessTier="Hot"))
    before = collected()
    locks = history.place.state / ".pulumi" / "locks" / "organization" / "ml-workspace" / "dev"
    locks.mkdir(parents=True)
    lock = {"pid": os.getpid(), "username": "a", "hostname": os.uname().nodename, "timestamp": "2999-01-01T00:00:00Z"}
    (locks / "1.json").write_text(json.dumps(lock))
    history.edit(resources(accessTier="Cool"))

    collecting.collect(history.context)

    assert collected() == before


def test_a_stack_from_before_the_log_is_known_without_events(history: History) -> None:
    old = resources()
    for resource in old:
        resource["created"] = "2026-01-01T00:00:00Z"
    history.update(old)

    assert lines(collected()) == [f"{RUN}/write Started", f"{RUN}/write Succeeded"]


def test_updates_of_other_machines_have_their_caller(history: History) -> None:
    history.update(resources(), agent="mlw/12345678-1234-1234-1234-123456789abc/ada@lab")

    assert {event["caller"] for event in collected()} == {"ada@lab"}


def test_an_update_that_the_cli_recorded_with_another_agent_finds_its_note(history: History) -> None:
    note = history.begin()
    started = (BEGIN.timestamp() + 50) * 10**9
    os.utime(note.path, ns=(int(started), int(started)))
    history.update(resources(), agent="pulumi/actions")

    assert {event["operationId"] for event in collected()} == {note.run.id}


def test_roles_and_locks_are_resources(history: History) -> None:
    history.update(resources())
    before = len(collected())
    assigned = the_outputs(
        "dev", roleAssignments=[{"principal": "dora", "role": "Reader", "vaultPath": "principals/dora"}]
    )
    held = [*resources(), a_lock("dev")]
    held[0] = {**held[0], "outputs": assigned}
    history.update(held)

    found = [event for event in collected()[before:] if "Authorization" in event["operationName"]]

    assert [(event["operationName"], event["resourceId"]) for event in found] == [
        (
            "Microsoft.Authorization/locks/write",
            f"{group_id('dev')}/providers/Microsoft.Authorization/locks/keep",
        ),
        (
            "Microsoft.Authorization/roleAssignments/write",
            f"{resource_id('dev', 'workspace')}/providers/Microsoft.Authorization/roleAssignments/dora-Reader",
        ),
    ]


def test_computes_are_resources(history: History) -> None:
    history.update(resources())
    before = len(collected())
    held = resources()
    held[0] = {**held[0], "outputs": the_outputs("dev", computes=[{"name": "cpu", "type": "AmlCompute"}])}
    history.update(held)

    (found,) = [event for event in collected()[before:] if "computes" in event["operationName"]]

    assert found["operationName"] == "Microsoft.MachineLearningServices/workspaces/computes/write"
    assert found["resourceId"] == f"{resource_id('dev', 'workspace')}/computes/cpu"


def test_a_rotation_is_recorded_for_the_resource_whose_keys_changed(history: History) -> None:
    def with_keys(rotation: str) -> list[dict[str, object]]:
        kind = "ml-workspace:secrets:GeneratedSecrets"
        inputs = {"rotates": "service/storage", "rotation": rotation}
        return [*resources(), a_resource("keys", pulumi_type=kind, inputs=inputs)]

    history.update(with_keys(""))
    before = len(collected())
    history.update(with_keys("service/storage:1f"))

    found = collected()[before:]

    assert lines(found)[1:-1] == [f"{STORAGE}/regenerateKey/action Succeeded"]
    assert found[1]["resourceId"] == resource_id("dev", "storageAccount")
    assert "1f" not in json.dumps(found[1]["properties"])


def test_a_note_that_is_being_written_is_left_alone(history: History) -> None:
    path = activity_places.runs() / "half.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"stack": ')

    collected()
    assert path.exists()

    os.utime(path, (0, 0))
    collected()
    assert not path.exists()
    assert history.count == 0


def test_a_log_that_cannot_be_written_is_a_warning_and_loses_nothing(
    history: History, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    history.update(resources())
    recording = run_recording.begin(history.context, "up")
    note = recording.note
    assert note is not None
    history.update(resources(accessTier="Cool"), note=note)
    with monkeypatch.context() as patch:
        patch.setattr(event_log, "append", _no_space)
        recording.end()

    assert "WARNING: the activity log" in capsys.readouterr().err
    assert lines(collected())[-2:] == [f"{STORAGE}/write Succeeded", f"{RUN}/write Succeeded"]


def _no_space(_events: list[Event]) -> None:
    raise OSError(28, "No space left on device", "log-000001.jsonl")


def test_a_run_tells_pulumi_its_id(history: History) -> None:
    recording = run_recording.begin(history.context, "up")
    note = recording.note
    assert note is not None

    assert recording.context.environment["PULUMI_OPTION_EXEC_AGENT"] == f"mlw/{note.run.id}/{caller()}"
    assert abs((datetime.now(UTC) - note.run.started).total_seconds()) < 60
    recording.drop()
    assert collected() == []
