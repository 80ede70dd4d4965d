"""Automated machine learning on tables: from Azure's document to the command job that carries it out."""
