"""The key vault over its HTTP API."""
