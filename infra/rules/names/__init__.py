"""Names: which are legal, how default names are generated, and where a name must be unique."""
