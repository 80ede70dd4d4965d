"""The Azure resources of a workspace: their types, their ids, the values that Azure accepts."""
