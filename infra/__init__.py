"""Machine-learning workspaces on local Docker: settings, rules, components, clients."""
