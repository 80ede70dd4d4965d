"""Tests of datastores, on one workspace with registered ones."""
