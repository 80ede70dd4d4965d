"""Environments of jobs: an image, or packages that a conda file names, as an image in the workspace's own registry."""
