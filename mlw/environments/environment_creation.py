"""Creates versions of environments: the image first, so that a version that exists can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.clients.registry.image_upload import ImageUpload
from infra.errors import ImageMissingError
from mlw.assets.asset_records import AssetRecord
from mlw.assets.asset_references import AssetKind
from mlw.environments import conda_file, environment_images
from mlw.environments.environment_errors import EnvironmentFileError
from mlw.environments.environment_images import EnvironmentImage
from mlw.environments.image_of import EnvironmentAccess, image_of, plan_of
from mlw.environments.planning import ALLOW_NEWER

__all__ = ["ALLOW_NEWER", "create", "facts_of", "image_facts"]

KEYS = frozenset(
    {
        "name",
        "version",
        "description",
        "tags",
        "properties",
        "image",
        "conda_file",
        "build",
        "inference_config",
        "os_type",
    }
    | {"datastore", "$schema", ALLOW_NEWER}
)
"""Keys of Azure's YAML, and one of ours."""


def create(
    access: EnvironmentAccess, document: Mapping[str, Any], log: Callable[[str], None]
) -> tuple[AssetRecord, EnvironmentImage]:
    """Create a version.

    Args:
        access: The workspace.
        document: The environment, in the words of Azure's YAML; conda files by path or content.
        log: Takes lines of progress.

    Raises:
        EnvironmentFileError: It cannot be used here; the message proposes what can.
        UnresolvableError: Its packages cannot be installed.
        AssetExistsError: The version has other content.
    """
    name = str(document.get("name") or "")
    if not name:
        raise EnvironmentFileError("creating an environment: it has no name. Add `name` to the file, or use --name.")
    if unknown := sorted(set(document) - KEYS):
        raise EnvironmentFileError(
            f"creating environment '{name}': unknown key '{unknown[0]}'; allowed: {', '.join(sorted(KEYS))}."
        )
    content = {key: value for key, value in document.items() if key not in {"name", "version", "$schema", "datastore"}}
    if written := content.get("conda_file"):
        content["conda_file"] = conda_file.content_of(written)
    image = image_of(content, access, log=log)
    for notice in image.notices:
        log(notice)
    version = document.get("version")
    made = access.assets.create(AssetKind.ENVIRONMENT, name, str(version) if version else None, content)
    return made, image


def facts_of(image: EnvironmentImage) -> dict[str, Any]:
    """An image, as commands print it."""
    return {"imageReference": image.reference, "imageDigest": image.digest, "notices": list(image.notices)}


def image_facts(access: EnvironmentAccess, document: Mapping[str, Any]) -> dict[str, Any]:
    """The image of an environment and its packages; nothing is built for it."""
    plan = plan_of(document, access.assets)
    if plan.image:
        return facts_of(EnvironmentImage(reference=plan.image, digest="", notices=plan.notices))
    upload = ImageUpload(access.registry, environment_images.REPOSITORY)
    try:
        key = environment_images.key_of(plan)
    except ImageMissingError:
        return {"imageReference": "", "imageDigest": "", "notices": list(plan.notices)}
    digest = upload.digest_of(key)
    labels = environment_images.labels_of(upload, digest) if digest else {}
    more = filter(None, labels.get(environment_images.NOTICES_LABEL, "").splitlines())
    host = access.registry.endpoint.partition("://")[2]
    reference = f"{host}/{environment_images.REPOSITORY}@{digest}" if digest else ""
    facts = facts_of(EnvironmentImage(reference=reference, digest=digest, notices=(*plan.notices, *more)))
    return {**facts, "python": plan.python, "packages": labels.get(environment_images.PACKAGES_LABEL, "").split()}
