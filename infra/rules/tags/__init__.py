"""Tags: their limits, what must not stand in one, how the services store them."""
