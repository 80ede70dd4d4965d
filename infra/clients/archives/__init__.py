"""Archives of whole workspaces: encrypted files of members, written and read as streams."""
