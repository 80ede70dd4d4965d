"""Registered datastores: those of the workspace and those of an external object store."""
