"""`mlw roles`: roles and their assignments."""
