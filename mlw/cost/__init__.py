"""`mlw cost`: what workspaces use, at the rates of a rate card; showback, not a bill."""
