"""Names: what is legal, how a default name is made, where a name has to be unique."""
