"""Key vaults: SKU, soft delete, purge protection."""
