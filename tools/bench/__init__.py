"""`make bench`: the workspace measured against the same containers made by plain `docker`."""
