"""`mlw keys`: show and rotate credentials."""
