"""Records by name in the workspace's artifact store: one class for schedules, endpoints and deployments."""
