"""Environment variables with which client libraries find a workspace: `mlw run` and `mlw env`."""
