"""Results that are reused, and what has changed if they are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlw.jobs.command_jobs import BlobLocation, CommandJob, JobInput, JobOutput
from mlw.pipelines.reuse_index import ReuseIndex, StepResult
from mlw.pipelines.step_content import Content, content_of, differences, key_of
from tests.support.memory_documents import MemoryDocuments

DATA = BlobLocation(container="blobs", name="raw")
JOB = CommandJob(
    name="one",
    command="python train.py",
    code="c0de",
    inputs={"raw": JobInput(type="uri_folder", location=DATA), "rate": JobInput(type="number", value="0.5")},
    outputs={"model": JobOutput()},
    environment_variables={"TOKEN": "hidden"},
)


def _content(job: CommandJob = JOB, image: str = "sha256:1", digest: str = "d1") -> Content:
    return content_of(job, image=image, digests={"raw": digest}, distribution={})


def test_names_descriptions_limits_and_places_do_not_count() -> None:
    other = replace(JOB, name="two", display_name="x", tags={"a": "b"}, compute="big", parent="p", experiment="e")

    assert key_of(_content(other)) == key_of(_content())


def test_a_place_that_is_named_after_the_job_does_not_count() -> None:
    def stored_in(job: str) -> Content:
        place = BlobLocation(container="big", name=f"azureml/{job}/model")
        return _content(replace(JOB, name=job, outputs={"model": JobOutput(location=place)}))

    assert key_of(stored_in("one")) == key_of(stored_in("two"))


@pytest.mark.parametrize(
    ("present", "change"),
    [
        (_content(replace(JOB, command="python other.py")), "command changed"),
        (_content(replace(JOB, code="other")), "code changed"),
        (_content(image="sha256:2"), "environment changed"),
        (_content(digest="d2"), "content of input 'raw' changed"),
        (
            _content(replace(JOB, inputs={**JOB.inputs, "rate": JobInput(type="number", value="0.6")})),
            "input 'rate': '0.5' -> '0.6'",
        ),
        (_content(replace(JOB, inputs={"raw": JOB.inputs["raw"]})), "input 'rate' is gone"),
        (_content(replace(JOB, outputs={**JOB.outputs, "more": JobOutput()})), "output 'more' is new"),
        (_content(replace(JOB, outputs={"model": JobOutput(asset="m")})), "output 'model' changed"),
        (_content(replace(JOB, environment_variables={"TOKEN": "x"})), "environment variable 'TOKEN' changed"),
        (
            content_of(JOB, image="sha256:1", digests={"raw": "d1"}, distribution={"type": "mpi"}),
            "distribution changed",
        ),
    ],
    ids=["command", "code", "image", "data", "value", "gone", "new", "output", "variable", "distribution"],
)
def test_every_change_makes_another_key_and_is_named(present: Content, change: str) -> None:
    assert key_of(present) != key_of(_content())
    assert differences(_content(), present) == [change]


def test_values_of_environment_variables_are_not_stored() -> None:
    assert "hidden" not in str(_content())


def test_a_result_is_found_by_its_content_with_its_outputs() -> None:
    index = ReuseIndex(MemoryDocuments(), "azureml")
    result = StepResult(step="train", job="one", content=_content(), outputs={"model": DATA})

    index.add(result)

    assert index.find(result.key) == result
    assert index.find(key_of(_content(digest="d2"))) is None


def test_the_latest_result_of_a_content_counts() -> None:
    index = ReuseIndex(MemoryDocuments(), "azureml")
    first = StepResult(step="train", job="one", content=_content())
    index.add(first)

    index.add(replace(first, job="two"))

    assert index.find(first.key) == replace(first, job="two")


def test_changes_are_those_against_the_most_similar_earlier_result_of_the_step() -> None:
    index = ReuseIndex(MemoryDocuments(), "azureml")
    index.add(StepResult(step="train", job="one", content=_content()))
    index.add(StepResult(step="train", job="two", content=_content(image="sha256:9", digest="d9")))
    index.add(StepResult(step="other", job="three", content=_content(digest="d2")))

    assert index.changes("train", _content(digest="d2")) == ["content of input 'raw' changed"]
    assert index.changes("never", _content()) == []
