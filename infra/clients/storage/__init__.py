"""Clients of the storage account's S3 and admin APIs."""
