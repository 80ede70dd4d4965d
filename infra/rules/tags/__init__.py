"""Tags: limits, forbidden content, and how the services store them."""
