"""`mlw studio`: a local page that shows a workspace. It reads, and changes only the traffic of endpoints."""
