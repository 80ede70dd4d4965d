"""What is about datastores, on one workspace with registered ones."""
