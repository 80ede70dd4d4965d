"""Whether the results of a step are reused, and why not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mlw.jobs.command_jobs import BlobLocation, CommandJob
from mlw.pipelines.pipeline_jobs import Step
from mlw.pipelines.reuse_index import ReuseIndex, StepResult
from mlw.pipelines.step_content import Content, content_of, key_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is done with a step.

    Attributes:
        why: Why it runs, or of which job the results are.
        reused: The result that is reused; None if the step runs.
    """

    content: Content
    why: str
    reused: StepResult | None = None


@dataclass(kw_only=True)
class Decisions:
    """Decides for the steps of one pipeline job.

    Attributes:
        digest: Hash of the content at a location now; the same for an empty one and one that is not there.
        image_of: Identity of the image of a job's environment, which is built if it is missing.
        is_forced: Whether all steps run.
    """

    index: ReuseIndex
    digest: Callable[[BlobLocation], str]
    image_of: Callable[[CommandJob], str]
    is_forced: bool = False
    _images: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, step: Step, job: CommandJob) -> Decision:
        """Decide for a step, whose job has the values of all inputs."""
        content = self.content(step, job)
        if self.is_forced:
            return Decision(content=content, why="force_rerun is set")
        if not step.is_deterministic:
            return Decision(content=content, why="its component sets is_deterministic: false")
        found = self.index.find(key_of(content))
        if found is None:
            return Decision(content=content, why=self._why(step, content))
        if missing := self._changed_output(found):
            return Decision(content=content, why=f"output '{missing}' of job '{found.job}' was changed or removed")
        return Decision(content=content, why=f"results of job '{found.job}' reused", reused=found)

    def content(self, step: Step, job: CommandJob) -> Content:
        """What decides the result of a step."""
        places = {name: one.location for name, one in job.inputs.items() if one.location is not None}
        digests = {name: place.digest or self.digest(place) for name, place in places.items()}
        return content_of(
            job, image=self._image(job), digests=digests, distribution=step.distribution, sweep=step.sweep
        )

    def completed(self, step: Step, job: CommandJob, content: Content, outputs: Mapping[str, BlobLocation]) -> None:
        """Remember the result of a step for later runs."""
        kept = self.with_digests(outputs)
        self.index.add(StepResult(step=step.name, job=job.name, content=content, outputs=kept))

    def with_digests(self, outputs: Mapping[str, BlobLocation]) -> dict[str, BlobLocation]:
        """Outputs with the hashes of their contents."""
        return {name: replace(place, digest=self.digest(place)) for name, place in outputs.items()}

    def _why(self, step: Step, content: Content) -> str:
        changes = self.index.changes(step.name, content)
        return "; ".join(changes) or "it has no earlier results"

    def _changed_output(self, found: StepResult) -> str:
        return next((name for name, place in found.outputs.items() if self.digest(place) != place.digest), "")

    def _image(self, job: CommandJob) -> str:
        """Steps with the same environment look it up once, one after another."""
        key = repr(job.environment)
        with self._lock:
            if key not in self._images:
                # Of an image with a digest only that counts: the address of the registry may change.
                self._images[key] = self.image_of(job).rpartition("@")[2]
            return self._images[key]
