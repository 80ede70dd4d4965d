"""Online endpoints and their deployments: records, containers, keys, the commands on them.

What is wanted is in records in the storage account. Containers, volumes and the routes of the front are made to match
by whichever process of `mlw` works on an endpoint; see docs/endpoints.md.
"""
