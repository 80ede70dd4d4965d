"""Rules for resources of every type."""
