"""Tests that damage a workspace and repair it, on one shared workspace."""
