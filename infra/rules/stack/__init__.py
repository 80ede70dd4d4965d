"""Rules about a stack as a whole: what may change, what other stacks have deployed."""
