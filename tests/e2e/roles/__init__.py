"""What is about principals, on one workspace with a principal for every role."""
