"""The workspace that the files of this folder share."""

from tests.support.jobs_workspace import jobs_stack, mlw, project
from tests.support.served_endpoints import files, served

__all__ = ["files", "jobs_stack", "mlw", "project", "served"]
