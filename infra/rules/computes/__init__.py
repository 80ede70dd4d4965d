"""Computes of a workspace: their properties, names, sizes, and the principal of each."""
