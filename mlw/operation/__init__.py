"""Commands for a running workspace: logs of its services, their addresses, a live table."""
