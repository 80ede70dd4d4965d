"""`make bench`: measure the workspace against the same containers started with plain `docker`."""
