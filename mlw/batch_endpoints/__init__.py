"""Batch endpoints: a name behind which deployments score files; each invocation is a parallel job."""
