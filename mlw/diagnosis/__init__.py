"""`mlw diagnose`: turns facts from the state, the engine and the services into findings."""
