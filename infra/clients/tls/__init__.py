"""TLS: a stack's certificate authority, and clients that verify its certificates."""
