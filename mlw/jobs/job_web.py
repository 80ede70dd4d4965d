"""Shows the run of a job in the browser."""

from __future__ import annotations

from mlw.jobs.job_options import Jobs
from mlw.operation.open_service import show_address
from mlw.tracking.tracking_access import require_endpoint


def show_runs(jobs: Jobs, name: str) -> None:
    """Print the address of the job's run in MLflow, and open it if there is a browser.

    Before the runner has made the run, it is the address of all experiments.
    """
    endpoint = require_endpoint(jobs.stack_name, jobs.stack.require_outputs()["endpoints"])
    state = jobs.workspace.records.state(name)
    page = f"#/experiments/{state.experiment_id}/runs/{state.run_id}" if state.run_id else "#/experiments"
    address = f"{endpoint}/{page}"
    print(address)
    show_address(address)
