"""Storage accounts: kinds, SKUs and their combinations."""
