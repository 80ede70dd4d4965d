"""What is shown of an operation: what changes, what went wrong, and nothing else."""

import os
from io import StringIO
from typing import Any

import pytest

from mlw.lifecycle import display
from mlw.lifecycle.display import Progress

TYPE = "docker:index/container:Container"


def a_step(op: str = "create", type_: str = TYPE) -> dict[str, Any]:
    return {"op": op, "type": type_, "urn": f"urn:pulumi:dev::ml-workspace::{type_}::st-container"}


def shown(*events: dict[str, Any]) -> tuple[str, Progress]:
    stream = StringIO()
    progress = Progress(stream=stream)
    for event in events:
        progress.on_event(event)
    return stream.getvalue(), progress


def a_message(text: str, severity: str = "error", **more: object) -> dict[str, Any]:
    return {"diagnosticEvent": {"message": text, "severity": severity, **more}}


def test_a_resource_that_was_made_has_one_line_with_kind_and_name() -> None:
    text, _ = shown({"resourcePreEvent": {"metadata": a_step()}}, {"resOutputsEvent": {"metadata": a_step()}})
    assert text.split() == ["+", "Container", "st-container", "0.0", "s"]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(a_step("same"), id="unchanged"),
        pytest.param(a_step(type_="pulumi:pulumi:Stack"), id="the stack itself"),
        pytest.param(a_step(type_="pulumi:providers:docker"), id="a provider"),
        pytest.param(a_step("something-new"), id="an operation of a later pulumi"),
    ],
)
def test_what_says_nothing_to_the_user_is_left_out(step: dict[str, Any]) -> None:
    assert shown({"resOutputsEvent": {"metadata": step}})[0] == ""


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("<{%reset%}>plain<{%reset%}>\n", "plain", id="colour markup"),
        pytest.param(
            "Exception calling application: key vault 'kv' is not ready",
            "key vault 'kv' is not ready",
            id="dynamic provider",
        ),
        pytest.param(
            "1 error occurred:\n\t* Unable to create volume\n\n", "Unable to create volume", id="list of one error"
        ),
    ],
)
def test_messages_come_without_the_words_that_pulumi_adds(message: str, expected: str) -> None:
    text, progress = shown(a_message(message))
    assert text == f"error: {expected}\n"
    assert progress.errors == [expected]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(a_message("beginning rpc", "debug"), id="debug"),
        pytest.param(a_message("please wait", "info", ephemeral=True), id="ephemeral"),
        pytest.param(a_message("update failed"), id="the update's own failure"),
        pytest.param(
            a_message("Attempting to deploy or update resources with 2 pending", "warning"), id="a killed run"
        ),
        pytest.param(
            a_message("<{%reset%}>sdk-v2/provider2.go:571: sdk.helper_schema: no: provider=docker@5.2.0"), id="echo"
        ),
        pytest.param(a_message("  \n", "info"), id="blank"),
    ],
)
def test_messages_that_say_nothing_are_left_out(event: dict[str, Any]) -> None:
    text, progress = shown(event)
    assert (text, progress.errors) == ("", [])


def test_a_message_that_repeats_itself_is_shown_once() -> None:
    text, _ = shown(a_message("careful", "warning"), a_message("careful", "warning"))
    assert text == "warning: careful\n"


def test_the_end_of_the_program_is_shown_only_where_nothing_else_explains_it() -> None:
    ended = a_message("an unhandled error occurred: Program exited with exit code 1")
    assert shown(a_message("stack 'dev' is not valid"), ended)[1].errors == ["stack 'dev' is not valid"]
    assert len(shown(ended)[1].errors) == 1


def test_a_mandatory_violation_is_an_error_and_names_the_policy() -> None:
    violation = {"policyName": "storage-sku", "enforcementLevel": "mandatory", "message": "<{%reset%}>no Premium\n"}
    text, progress = shown({"policyEvent": violation})
    assert text == "policy 'storage-sku' (mandatory): no Premium\n"
    assert len(progress.errors) == 1


def test_an_advisory_violation_is_shown_and_no_error() -> None:
    text, progress = shown({"policyEvent": {"policyName": "p", "enforcementLevel": "advisory", "message": "hm"}})
    assert "policy 'p' (advisory): hm" in text
    assert progress.errors == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"same": 41}, "No changes: 41 resources are up to date", id="nothing to do"),
        pytest.param({"same": 1, "create": 3, "update": 2}, "Done: 3 create, 2 update", id="changes"),
        pytest.param({"delete": 6}, "Done: 6 delete", id="teardown"),
    ],
)
def test_summary(changes: dict[str, int], expected: str) -> None:
    _, progress = shown({"summaryEvent": {"resourceChanges": changes}})
    assert progress.summary().startswith(expected)


def test_the_last_screen_names_the_endpoints_and_the_command_for_the_credentials() -> None:
    addresses = {
        "otlpHttp": "http://127.0.0.1:5",
        "storage": "http://127.0.0.1:1",
        "registry": "127.0.0.1:2",
        "registryReadOnly": "127.0.0.1:7",
        "keyVault": "http://127.0.0.1:3",
        "otlpGrpc": "http://127.0.0.1:4",
        "storage.stlake": "http://127.0.0.1:6",
    }
    screen = display.endpoints("dev", {"endpoints": addresses})
    assert [line.split()[-1] for line in screen.splitlines() if "127.0.0.1" in line] == [
        "http://127.0.0.1:1",
        "127.0.0.1:2",
        "127.0.0.1:7",
        "http://127.0.0.1:3",
        "http://127.0.0.1:5",
        "http://127.0.0.1:4",
        "http://127.0.0.1:6",
    ]
    assert "pulumi stack output credentials --show-secrets -s dev" in screen


def test_what_nobody_reads_any_more_is_dropped_and_nothing_breaks_off() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        display.show("to nobody", stream)
        display.show("again", stream)
