"""The images of the services: MinIO, registry, Vault, OpenTelemetry collector and the store of application insights.

`ensure` provides each one under its canonical tag, from a mirror, the official registry or pinned Go modules, always in
the same final form; `missing` tells with one call to the engine whether there is anything to do; `push` fills a mirror.
The images are defined in `infra/images.toml`, `tools/images/` and `tools/go/`.
"""

from tools.bootstrap.images.ensure import MIRROR_VARIABLE, ImageError, ensure, jobs, missing, programs
from tools.bootstrap.images.mirror import push

__all__ = ["MIRROR_VARIABLE", "ImageError", "ensure", "jobs", "missing", "programs", "push"]
