"""The workspace that the files of this folder share."""

from tests.support.jobs_workspace import jobs_stack, mlw, project

__all__ = ["jobs_stack", "mlw", "project"]
