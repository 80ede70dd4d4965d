"""Pipelines: the graph of a pipeline job, its steps one after another and next to each other, and reuse of results."""
