"""Divides data into mini-batches and runs a function on them in processes; runs in the container of a parallel job."""
