"""Azure's YAML, as `az ml` reads it: checked by Azure's own package, returned in the words of its schema."""
