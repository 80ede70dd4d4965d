"""Models as images in archives, for machines without a workspace: `mlw model package`."""
