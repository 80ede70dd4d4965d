"""Experiments, runs and models of a workspace: MLflow's REST API, and the commands `mlw experiment`, `run`, `model`."""
