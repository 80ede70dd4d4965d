"""The Docker engine: what it holds, files on volumes, claims on ports and subnets."""
