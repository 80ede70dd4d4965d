"""The hash of everything that a finished image depends on.

An image carries the hash as a label. A local image whose label differs comes from another version of this repository
and is replaced; one whose label matches is used as it is, without inspecting it. Where the binary came from is not part
of the hash: pulled, mirrored and built images of one recipe are interchangeable.
"""

from __future__ import annotations

from pathlib import Path

from infra.host import folders
from tools.bootstrap import patched_modules
from tools.bootstrap.artefacts import recipe_hash
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.python_images import python_recipes

RECIPE_LABEL = "ml-workspace.recipe"
SOURCE_LABEL = "ml-workspace.source"

APPLETS = ("[", "cat", "chmod", "kill", "ls", "mkdir", "mv", "rm", "sh", "sleep", "stat", "test", "wget")
"""Commands for probes and start scripts; all are links to one static busybox."""


def go_folder(service: Service) -> Path:
    """The folder with the pinned Go module of a service."""
    return folders.repo() / "tools" / "go" / service.name


def dockerfile(service: Service) -> Path:
    """The Dockerfile for all sources of a service."""
    return folders.repo() / "tools" / "images" / service.name / "Dockerfile"


def image_recipe(service: Service) -> str:
    """The hash for the label of a finished image."""
    if service.base:
        return python_recipes.image_hash(service)
    module = go_folder(service)
    facts = service.content(), APPLETS, patched_modules.instructions(module)
    return recipe_hash(folders.repo(), [dockerfile(service), *patched_modules.source_files(module)], facts)
