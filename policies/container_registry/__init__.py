"""Container registries: SKU and admin account."""
