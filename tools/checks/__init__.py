"""Checks of the repository itself, beside the tests: phrases, coverage, and what a release needs."""
