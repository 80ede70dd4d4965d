"""Roles: operations, definitions, assignments, and the permissions they give in each service."""
