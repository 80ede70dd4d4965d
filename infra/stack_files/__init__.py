"""Read stack files as the Pulumi CLI does, and edit them without changing anything else."""
