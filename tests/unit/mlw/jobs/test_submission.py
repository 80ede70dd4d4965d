"""What a file has to be for a job of one container."""

from typing import Any

import pytest

from mlw.jobs.job_errors import JobError
from mlw.jobs.submission import refuse


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"resources": {"instance_count": 2}}, id="nodes"),
        pytest.param({"distribution": {"type": "pytorch", "process_count_per_instance": 2}}, id="processes"),
        pytest.param({"distribution": {"type": "tensorflow", "worker_count": 2}}, id="workers"),
        pytest.param({"distribution": {"type": "tensorflow", "parameter_server_count": 1}}, id="servers"),
        pytest.param({"distribution": {"type": "ray"}}, id="ray"),
    ],
)
def test_several_nodes_or_processes_are_refused_with_what_to_set(document: dict[str, Any]) -> None:
    with pytest.raises(JobError, match=r"job 'j': distribution over several .* Set resources\.instance_count to 1"):
        refuse(document, "j")


@pytest.mark.parametrize(
    "document",
    [{}, {"resources": {"instance_count": 1}}, {"distribution": {"type": "pytorch", "process_count_per_instance": 1}}],
)
def test_one_process_on_one_node_runs(document: dict[str, Any]) -> None:
    refuse(document, "j")
