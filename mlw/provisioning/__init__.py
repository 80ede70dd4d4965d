"""`mlw create`, `mlw update` and `mlw delete`: stack files, questions, and the life cycle that `make` uses."""
