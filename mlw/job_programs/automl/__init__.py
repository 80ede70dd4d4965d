"""Searches the best model for a table with FLAML; runs in the container of a job of type `automl`."""
