"""`mlw registry`: the container registry of a workspace."""
