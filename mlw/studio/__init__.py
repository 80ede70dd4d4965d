"""`mlw studio`: a local page that shows a workspace. It changes only traffic of endpoints and files of notebooks."""
