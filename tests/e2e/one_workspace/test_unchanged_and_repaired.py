"""A running workspace: unchanged by itself, repaired; `test_make` covers creation and removal."""

import json

from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged, assert_updated_in_place


def test_preview_of_a_live_stack_shows_no_changes(live: LiveStack) -> None:
    assert_unchanged(live.stack.preview())


def test_second_up_changes_nothing_and_keeps_the_objects(live: LiveStack) -> None:
    before = live.stack.objects()

    update = live.stack.up()

    assert_unchanged(update)
    assert live.stack.objects() == before


def test_refresh_of_a_live_stack_shows_no_changes(live: LiveStack) -> None:
    assert_unchanged(live.stack.refresh())
    assert_unchanged(live.stack.preview())


def test_record_deleted_by_hand_is_found_by_refresh_and_written_again(live: LiveStack) -> None:
    s3 = s3_client(live.outputs)
    s3.delete_object(Bucket="azureml", Key="workspace.json")

    refreshed = live.stack.refresh().check()
    live.stack.up().check()
    outputs = live.stack.outputs()

    assert refreshed.operations["delete"] > 0, dict(refreshed.operations)
    assert json.loads(s3.get_object(Bucket="azureml", Key="workspace.json")["Body"].read()) == outputs["workspace"]
    assert outputs["workspace"]["workspaceId"] == live.outputs["workspace"]["workspaceId"]


def test_record_changed_by_hand_is_found_by_refresh_and_repaired(live: LiveStack) -> None:
    s3 = s3_client(live.outputs)
    wanted = live.stack.outputs()["workspace"]
    s3.put_object(Bucket="azureml", Key="workspace.json", Body=json.dumps({**wanted, "friendlyName": "mine"}).encode())

    live.stack.refresh().check()
    update = live.stack.up()

    assert_updated_in_place(update)
    assert json.loads(s3.get_object(Bucket="azureml", Key="workspace.json")["Body"].read()) == wanted
