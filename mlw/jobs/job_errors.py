"""Errors of jobs that a user can cause or must act on."""

from __future__ import annotations

from infra.errors import MlWorkspaceError


class JobError(MlWorkspaceError):
    """A job cannot be submitted, or not be carried out."""


class ComputeRightsError(JobError):
    """The rights of a compute do not suffice for a job; they may also have been replaced since they were read."""
