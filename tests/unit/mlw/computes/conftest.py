"""The life cycle and the user as fakes, as for the other commands that change a workspace."""

from tests.unit.mlw.provisioning.conftest import runs, terminal

__all__ = ["runs", "terminal"]
