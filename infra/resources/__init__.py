"""What the Docker provider cannot make: resources with thin providers, each verb a call of one client function."""
