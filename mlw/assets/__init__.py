"""Assets of a workspace: versioned records of environments, data and components in the artifact store."""
