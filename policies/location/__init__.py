"""Locations: known to Azure, allowed by the company."""
