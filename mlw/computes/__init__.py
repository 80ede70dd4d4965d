"""Computes of a workspace: what a job may use of this machine, and the identity that it has."""
