"""Client of the key vault's HTTP API."""
