"""The panels of the page, one module each: what each one reads."""
