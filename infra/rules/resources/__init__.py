"""The Azure resources of a workspace: types, ids, and the values that Azure accepts."""
