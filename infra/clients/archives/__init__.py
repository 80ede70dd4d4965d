"""Archives of whole workspaces: encrypted files with members, written and read as streams."""
