"""What `mlw diagnose` looks at: facts from the state, the engine and the services, turned into findings."""
