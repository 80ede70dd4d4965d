"""Jobs and their assets, on one workspace with computes and principals."""
