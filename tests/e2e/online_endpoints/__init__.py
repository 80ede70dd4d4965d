"""Online endpoints and their deployments, on one workspace with inference."""
