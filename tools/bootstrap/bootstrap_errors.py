"""The one error that the bootstrap shows to its user.

Whatever goes wrong ends as a :class:`BootstrapError` with a message that says what was being done, what was found and
what to do. The command line prints it without a traceback and exits with 1. A word of the system's that can come at any
moment (the disk is full) is shown as it is. Anything else that reaches the command line is a defect of this package.
"""

from __future__ import annotations

from infra.errors import HostError


class BootstrapError(HostError):
    """A step cannot be done; the message is complete for the user."""
