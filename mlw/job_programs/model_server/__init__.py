"""Runs in each container of an online deployment: starts the server, watches it, and says when it is ready."""
