"""Stacks of the state backend: which there are, what their states hold."""
