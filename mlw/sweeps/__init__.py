"""Sweep jobs: trials with different parameters, carried out by the runner of jobs."""
