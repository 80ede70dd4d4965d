"""A container that does not become ready after an update gives way to the one before; volumes are never touched."""
