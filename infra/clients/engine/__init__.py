"""The Docker engine: its objects, files on volumes, claims on ports and subnets."""
