"""Credentials of datastores."""
