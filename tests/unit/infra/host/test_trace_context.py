"""How the processes of a run find its trace."""

from pathlib import Path

import pytest

from infra.host import trace_context
from infra.host.trace_context import VARIABLE, TraceContext

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_process_finds_the_trace_of_its_run() -> None:
    made = TraceContext(TRACE, SPAN, Path("/home/me/my run/trace.jsonl"))

    assert trace_context.current({VARIABLE: made.value}) == made
    assert trace_context.current({}) is None


@pytest.mark.parametrize(
    "context",
    ["", "x", f"00-{TRACE}", f"01-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-00"],
)
def test_an_invalid_trace_context_is_none(context: str) -> None:
    assert trace_context.parse(context) is None
    assert trace_context.current({VARIABLE: f"{context} /tmp/file"}) is None


def test_span_of_a_resource_follows_from_trace_and_name() -> None:
    one, other = TraceContext(TRACE, SPAN, Path("a")), TraceContext(TRACE[::-1], SPAN, Path("a"))

    assert one.span_of("urn:a") == TraceContext(TRACE, "1" * 16, Path("b")).span_of("urn:a")
    assert len({one.span_of("urn:a"), one.span_of("urn:b"), other.span_of("urn:a")}) == 3


@pytest.mark.parametrize(("value", "disabled"), [("true", True), ("TRUE", True), ("", False), ("false", False)])
def test_opentelemetrys_switch_turns_traces_off(value: str, *, disabled: bool) -> None:
    assert trace_context.is_disabled({trace_context.DISABLED: value}) is disabled
