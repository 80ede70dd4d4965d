"""The workspace record."""
