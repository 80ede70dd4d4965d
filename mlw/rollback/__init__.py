"""Rolls back a container that does not become ready after an update; volumes are never touched."""
