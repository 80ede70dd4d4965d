"""Upgrades stacks of earlier versions of the project in place: converts the state, keeps the data."""
