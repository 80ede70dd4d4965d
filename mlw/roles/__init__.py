"""`mlw roles`: who may do what."""
