"""States of stacks in the state backend."""
