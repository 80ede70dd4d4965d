"""Stacks of the state backend and their states."""
