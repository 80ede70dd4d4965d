"""Parallel jobs: from Azure's document to the command job that carries them out."""
