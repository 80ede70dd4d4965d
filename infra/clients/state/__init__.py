"""States of stacks, as the state backend keeps them."""
