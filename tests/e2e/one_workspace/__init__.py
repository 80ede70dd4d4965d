"""Tests that leave a plain workspace unchanged, on one shared workspace."""
