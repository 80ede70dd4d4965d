"""The provider plugin: one process that serves all resources of `infra.resources` to the engine."""
