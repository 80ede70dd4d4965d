"""Data of a workspace: datastore URIs, uploads, data assets, and which jobs used or made them."""
