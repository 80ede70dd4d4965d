"""Rules for a whole stack: allowed changes, and resources that other stacks have deployed."""
