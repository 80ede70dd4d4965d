"""`mlw policy`: lists rules and checks stack files."""
