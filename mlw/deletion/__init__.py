"""Removes expired stacks, and manages soft-deleted ones."""
