"""Rules, where they are assigned, and exemptions from them."""
