"""Sweeps, AutoML and parallel jobs, on one workspace with computes and tracking."""
