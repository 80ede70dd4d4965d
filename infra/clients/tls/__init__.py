"""TLS: the certificate authority of a stack, and clients that verify it."""
