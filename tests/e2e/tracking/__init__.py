"""Tests of principals, on one workspace with a principal for every role."""
