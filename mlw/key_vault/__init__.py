"""`mlw keyvault` and `mlw secrets`: the key vault of a workspace."""
