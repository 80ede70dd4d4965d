"""Layers of images that the project makes itself, as files: of its services, and of the environments of jobs."""
