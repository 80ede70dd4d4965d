"""The error that the bootstrap shows to its user.

The message of a :class:`BootstrapError` says what was being done, what was found and what to do. The command line
prints it without a traceback and exits with 1. Errors of the operating system that can occur at any time (the disk is
full) are printed as they are. Any other exception that reaches the command line is a bug.
"""

from __future__ import annotations

from infra.errors import HostError


class BootstrapError(HostError):
    """A step failed; the message is all that the user needs."""


class UnavailableError(Exception):
    """A file cannot be downloaded, or has the wrong content; the text is a short reason."""
