"""The project's provider plugin: one process that serves every resource of `infra.resources` to the engine."""
