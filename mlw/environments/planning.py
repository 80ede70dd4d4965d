"""What an environment's image is made of, before anything is resolved or built. Nothing here talks to a service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlw.environments import conda_file, interpreters, python_versions, replacements
from mlw.environments.environment_errors import EnvironmentFileError
from mlw.environments.python_versions import Chosen

LOCK = "lock"
"""Key of an environment of this project: the folder below `mlw` whose `requirements.lock` has all its packages."""

_PACKAGE = Path(__file__).parents[1]

FORM = 3
"""Raised when the code makes another image of the same plan."""

ALLOW_NEWER = "allow_newer_python"
"""Key of an environment for which `--allow-newer-python` was given."""

JOB_TOOLS = ("pip", "setuptools<81")
"""What every image of an environment has: scripts call `pip install`, and older ones import `pkg_resources`."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An environment in the project's own terms.

    Attributes:
        image: Reference of an image that is used as it is; empty for one that is built.
        python: Version of Python.
        requirements: Lines of requirements.
        lock: All packages with versions and hashes, as pip's requirements; empty to choose them.
        is_raised: Whether Python is newer than the environment asks for, so that pinned versions may not exist for it.
        notices: What differs from the environment as it is written, for the log.
        fallback: The plan for the case that this version of Python cannot be brought; None for none.
    """

    image: str = ""
    python: str = python_versions.DEFAULT
    requirements: tuple[str, ...] = ()
    lock: str = ""
    is_raised: bool = False
    notices: tuple[str, ...] = ()
    fallback: Plan | None = None

    def key(self, *facts: str) -> str:
        """Identify the image by all that it is made of.

        Args:
            facts: What is not in the plan, such as the base image's id.
        """
        content = [FORM, self.python, sorted(self.requirements), self.is_raised, JOB_TOOLS, *facts]
        if self.lock:
            content.append(self.lock)
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def plan(environment: Mapping[str, Any] | str, *, allow_newer_python: bool = False) -> Plan:
    """Plan the image of an environment.

    Args:
        environment: The document of an environment, the reference of a curated one, or an image.
        allow_newer_python: Whether Python may be newer than the environment asks for.

    Raises:
        EnvironmentFileError: It cannot be used here; the message proposes what can.
    """
    if isinstance(environment, Mapping):
        allow_newer_python = allow_newer_python or bool(environment.get(ALLOW_NEWER))
    else:
        name = replacements.curated_name(environment)
        return _of_curated(name) if name else plan({"image": environment}, allow_newer_python=allow_newer_python)
    if (lock := environment.get(LOCK)) and str(lock).isidentifier():  # a folder of this package, and no other
        return Plan(lock=(_PACKAGE / str(lock) / "requirements.lock").read_text(encoding="utf-8"))
    image = str(environment.get("image") or "")
    if environment.get("build"):
        raise EnvironmentFileError(
            "building an environment: a build context (`build`) needs a Dockerfile to be run, which is not done here. "
            "Use `image` with `conda_file`; or build the image with `docker build`, push it to the workspace's "
            "registry (`endpoints.registry` of the stack's outputs), and name it as `image`."
        )
    if not image:
        raise EnvironmentFileError(
            "building an environment: it has neither `image` nor `build`. Add e.g. "
            "`image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04`."
        )
    replaced = replacements.of_image(image)
    if (written := environment.get("conda_file")) is None:
        return Plan(image=image) if replaced is None else _of_image(replaced, allow_newer=allow_newer_python)
    if replaced is None:
        raise EnvironmentFileError(
            f"building an environment: packages of a conda file can be added to the images in docs/environments.md, "
            f"and '{image}' is not one of them. Use `mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04`, or add the "
            "packages to your image and leave `conda_file` out."
        )
    packages = conda_file.read(written if isinstance(written, Mapping) else Path(str(written)))
    return _of_packages(packages, replaced, allow_newer=allow_newer_python)


def allowing_newer_python(document: Any) -> Any:  # noqa: ANN401 - any part of a document
    """The same document, with a newer Python allowed in every environment that is written in it."""
    if isinstance(document, list):
        return [allowing_newer_python(one) for one in document]
    if not isinstance(document, Mapping):
        return document
    return {
        key: {**value, ALLOW_NEWER: True}
        if key == "environment" and isinstance(value, Mapping)
        else allowing_newer_python(value)
        for key, value in document.items()
    }


def _of_curated(name: str) -> Plan:
    found = replacements.of_curated(name)
    # Azure's has an earlier Python, so there may be no such releases for the one here.
    return Plan(requirements=found.requirements, is_raised=True, notices=(found.notice,))


def _of_image(replaced: replacements.Replacement, *, allow_newer: bool) -> Plan:
    def planned(chosen: Chosen) -> Plan:
        notices = tuple(filter(None, (replaced.notice, chosen.notice)))
        return Plan(python=chosen.version, requirements=replaced.requirements, notices=notices)

    return _with_python(replaced.python, allow_newer, planned)


def _of_packages(packages: conda_file.Packages, replaced: replacements.Replacement, *, allow_newer: bool) -> Plan:
    named = {conda_file.name_of(line) for line in packages.requirements}
    # A conda file's own version of a package decides.
    added = tuple(line for line in replaced.requirements if conda_file.name_of(line) not in named)

    def planned(chosen: Chosen) -> Plan:
        return Plan(
            python=chosen.version,
            requirements=(*packages.requirements, *added),
            is_raised=chosen.is_raised,
            notices=tuple(filter(None, (replaced.notice, *packages.notices, chosen.notice))),
        )

    return _with_python(packages.python, allow_newer, planned)


def _with_python(specifier: str, allow_newer: bool, planned: Callable[[Chosen], Plan]) -> Plan:  # noqa: FBT001
    """Choose a version of Python; one that has to be brought has a plan without it to fall back on."""
    available = (python_versions.DEFAULT, *interpreters.versions())
    found = planned(python_versions.choose(specifier, allow_newer=allow_newer, available=available))
    if found.python == python_versions.DEFAULT:
        return found
    return replace(found, fallback=planned(python_versions.choose(specifier, allow_newer=allow_newer)))
