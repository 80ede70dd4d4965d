"""`mlw policy`: rules, and stacks judged by them."""
