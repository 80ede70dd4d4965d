"""Roles: operations, definitions, assignments, and what they mean in each service."""
