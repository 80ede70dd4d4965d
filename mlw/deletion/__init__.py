"""Deletion by the calendar: stacks that have expired."""
