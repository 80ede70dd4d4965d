"""Stack files as text: read as the Pulumi CLI reads them, and edited without changing anything else."""
