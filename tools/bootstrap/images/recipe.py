"""What a finished image depends on, as one hash.

An image carries the hash as a label. A local tag whose label differs was made by another version of this repository and
is made anew; one whose label agrees is used as it is, without a look inside. Where the binary came from is no part of
the hash: pulled, mirrored and built images of one recipe stand in for each other.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from infra.host import folders
from tools.bootstrap.artefacts import recipe_hash
from tools.bootstrap.images.image_table import Service

RECIPE_LABEL = "ml-workspace.recipe"
SOURCE_LABEL = "ml-workspace.source"

APPLETS = ("[", "cat", "chmod", "kill", "ls", "mkdir", "mv", "rm", "sh", "sleep", "stat", "test", "wget")
"""Commands that probes and start scripts may use; all are links to one static busybox."""


def go_folder(service: Service) -> Path:
    """The folder with the pinned Go module of a service."""
    return folders.repo() / "tools" / "go" / service.name


def go_files(service: Service) -> list[Path]:
    """Every file that decides what a build of the service's binary is made of."""
    return [file for file in go_folder(service).iterdir() if file.is_file()]


def dockerfile(service: Service) -> Path:
    """The Dockerfile that every source of a service ends in."""
    return folders.repo() / "tools" / "images" / service.name / "Dockerfile"


def image_recipe(service: Service) -> str:
    """The hash for the label of a finished image."""
    return recipe_hash(folders.repo(), [dockerfile(service), *go_files(service)], (asdict(service), APPLETS))
