"""What the Docker provider cannot make: thin dynamic providers, each verb a call of one client function."""
