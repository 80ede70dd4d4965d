"""Components: files in Azure's YAML, registered with the code that they run."""
