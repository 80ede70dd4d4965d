"""Checks of the repository itself, in addition to the tests: phrases, coverage, and what a release needs."""
