"""Online endpoints in the front of a workspace: what is published, and publishing it."""

from mlw.inference.published_endpoints import PublishedDeployment, PublishedEndpoint, publish

__all__ = ["PublishedDeployment", "PublishedEndpoint", "publish"]
