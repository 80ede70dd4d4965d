"""Compares what a deployment has collected with reference data: drift and quality, with Evidently."""
