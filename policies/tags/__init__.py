"""Tags: limits, form, secrets, inheritance, what is required."""
