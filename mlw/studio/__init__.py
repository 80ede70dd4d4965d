"""`mlw studio`: a local page that shows a workspace. Everything here only reads."""
