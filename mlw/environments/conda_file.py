"""Conda files: read, and translated to what PyPI calls the same packages. Nothing is installed here.

Channels are not used: packages come from wherever pip is configured to get them. Names that differ are in
`conda_names.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mlw.environments.environment_errors import EnvironmentFileError

TABLE = Path(__file__).with_name("conda_names.toml")

_SPEC = re.compile(r"(?:[\w.-]+::)?([\w.-]+)\s*(\[.*\])?\s*(.*)")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]*(\.?\*)?")
_ENDED = re.compile(r"\s+#.*$")


@dataclass(frozen=True, kw_only=True)
class Packages:
    """What a conda file asks for.

    Attributes:
        python: Version specifier of Python, as on PyPI; empty if the file does not name Python.
        requirements: Lines of a requirements file.
        notices: What was left out or replaced, for the log.
    """

    python: str = ""
    requirements: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class CondaNames:
    """The tables of `conda_names.toml`."""

    names: Mapping[str, str]
    left_out: frozenset[str]
    refused: Mapping[str, str]
    numpy_1: Mapping[str, str]
    azure: Mapping[str, str]


@cache
def tables() -> CondaNames:
    """Read the tables."""
    found = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    left_out = frozenset(found["left_out"]["names"])
    return CondaNames(found["names"], left_out, found["refused"], found["numpy_1"], found["azure"])


def read(conda_file: Mapping[str, Any] | str | Path) -> Packages:
    """Translate a conda file, given by its content or its path.

    Raises:
        EnvironmentFileError: It is not a conda file, or asks for what an image cannot have.
    """
    name = _name(conda_file)
    python, requirements, notices = "", list[str](), list[str]()
    for one in content_of(conda_file)["dependencies"]:
        if isinstance(one, Mapping):
            requirements += one["pip"]
            continue
        package, specifier = parse(one, name)
        if package == "python":
            python = specifier
        elif (line := _from_conda(package, specifier, name, notices)) is not None:
            requirements.append(line)
    return Packages(python=python, requirements=tuple(_without_azure(requirements, notices)), notices=tuple(notices))


def content_of(conda_file: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """The content of a conda file, with the lines of requirements files that it includes in their place.

    Raises:
        EnvironmentFileError: It is not a conda file.
    """
    is_path, name = not isinstance(conda_file, Mapping), _name(conda_file)
    content = _loaded(Path(name)) if is_path else conda_file
    wanted = content.get("dependencies") if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(wanted, list) or not all(map(_is_dependency, wanted)):
        raise EnvironmentFileError(
            f"reading the conda file '{name}': the key `dependencies` must be a list of packages, with at most one "
            "entry `pip:` that is a list too."
        )
    folder = Path(name).parent if is_path else Path.cwd()
    return {**content, "dependencies": [_with_included(one, folder, name) for one in wanted]}


def _with_included(one: str | Mapping[str, Any], folder: Path, name: str) -> str | dict[str, list[str]]:
    if isinstance(one, str):
        return one
    return {"pip": [line for entry in one["pip"] or [] for line in _pip_lines(entry, folder, name)]}


def _name(conda_file: Mapping[str, Any] | str | Path) -> str:
    return "conda_file" if isinstance(conda_file, Mapping) else str(conda_file)


def _loaded(path: Path) -> object:
    import yaml  # noqa: PLC0415 - only where a file is read

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise EnvironmentFileError(f"reading the conda file '{path}': {exc.strerror}. Correct `conda_file`.") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise EnvironmentFileError(
            f"reading the conda file '{path}': it is not YAML: {' '.join(str(exc).split())}."
        ) from exc


def _is_dependency(one: object) -> bool:
    if isinstance(one, Mapping):
        return list(one) == ["pip"] and isinstance(one["pip"] or [], list)
    return isinstance(one, str)


def parse(text: str, name: str) -> tuple[str, str]:
    """Divide a package of conda into its name and a version specifier as PyPI writes it.

    Raises:
        EnvironmentFileError: It is no package with a version.
    """
    found = _SPEC.fullmatch(_ENDED.sub("", text).strip())
    if found is None:
        raise EnvironmentFileError(f"reading the conda file '{name}': {text!r} is not a package, e.g. `numpy=1.26`.")
    package, version = found[1].lower(), found[3].strip()
    if "|" in version:
        raise EnvironmentFileError(
            f"reading the conda file '{name}': {text!r} allows alternatives, which PyPI cannot express. Choose one."
        )
    return package, ",".join(_specifiers(version, text, name))


def _specifiers(version: str, text: str, name: str) -> Iterator[str]:
    for part in filter(None, (one.strip() for one in version.split(","))):
        operator = re.match(r"(==|=|!=|>=|<=|~=|>|<)?\s*", part)
        sign = operator[1] if operator and operator[1] else ""
        # `=version=build`: builds are conda's own
        number = part[operator.end() if operator else 0 :].replace(" ", "=").partition("=")[0]
        if number in {"", "*"}:
            continue
        if not _VERSION.fullmatch(number):
            raise EnvironmentFileError(f"reading the conda file '{name}': {number!r} in {text!r} is not a version.")
        exact = part.count("=") > 1 and sign == "="
        yield _specifier(sign, number, is_exact=exact)


def _specifier(sign: str, number: str, *, is_exact: bool) -> str:
    plain = re.sub(r"\.?\*$", "", number)
    if sign in {"", "="}:
        return f"=={plain}" if is_exact else f"=={plain}.*"
    return f"{sign}{number if sign in {'==', '!='} else plain}"


def _from_conda(package: str, specifier: str, name: str, notices: list[str]) -> str | None:
    known = tables()
    if package in known.refused:
        raise EnvironmentFileError(
            f"reading the conda file '{name}': {package!r} cannot be installed: {known.refused[package]}."
        )
    if package in known.left_out:
        notices.append(f"conda package '{package}' is left out: the image has it, or wheels bring it")
        return None
    ours = known.names.get(package, package)
    if ours != package:
        notices.append(f"conda package '{package}' is '{ours}' on PyPI")
    return f"{ours}{specifier}"


def _pip_lines(entry: object, folder: Path, name: str) -> Iterator[str]:
    """Lines of the section `pip`; files that it includes are read."""
    line = _ENDED.sub("", str(entry)).strip()
    included = re.match(r"(?:-r|--requirement)[\s=]+(\S+)", line)
    if included is None:
        yield _checked(line, name)
        return
    path = folder / included[1]
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise EnvironmentFileError(
            f"reading the conda file '{name}': '{path}', which it includes, cannot be read ({exc})."
        ) from exc
    for one in content.replace("\\\n", " ").splitlines():
        text = one.partition("#")[0].strip() if one.lstrip().startswith("#") else _ENDED.sub("", one).strip()
        if text:
            yield from _pip_lines(text, path.parent, name)


def _checked(line: str, name: str) -> str:
    if re.match(r"(-e|--editable|\.|/|file:)", line):
        raise EnvironmentFileError(
            f"reading the conda file '{name}': {line!r} is a folder of this machine, which is not part of an "
            "environment. Build a wheel, publish it, and name it; or add the folder to the job's code."
        )
    return re.sub(r"^(--(?:extra-)?index-url|--find-links|-f|-i)[\s=]+", lambda found: f"{found[1]} ", line)


def _without_azure(requirements: list[str], notices: list[str]) -> Iterator[str]:
    """Replace what only connects to Azure's service; drop it if its replacement is named anyway."""
    bare = {name_of(line) for line in requirements}
    for line in requirements:
        ours = tables().azure.get(name_of(line))
        if ours is None:
            yield line
            continue
        notices.append(f"'{line}' is replaced by '{ours}': the workspace's tracking server is MLflow itself")
        if ours not in bare:
            bare.add(ours)
            yield ours


def name_of(requirement: str) -> str:
    """The normalised name of the package in a line of requirements."""
    found = re.match(r"[A-Za-z0-9][\w.-]*", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
