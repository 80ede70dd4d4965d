"""The environment in which a plain `pulumi` works on the project's stacks, as printed by `make env`.

The user's own choices of backend and passphrase are kept. The policy pack is always set, because the purpose of the
project is to prevent unchecked stacks.
"""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from infra.host import engine_address, folders, project, proxies, state_backend

_completed: dict[str, str] = {}
"""Variables that were missing when this process started."""


def additions(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables to set in addition to an environment (by default that of this process)."""
    given = os.environ if base is None else base
    added = {
        "MLW_HOME": str(folders.home()),
        "MLW_CACHE": str(folders.cache()),
        "PATH": search_path(given.get("PATH") or os.defpath),
        **(_completed if base is None else {}),
        **_identity(given),
        "PULUMI_HOME": str(folders.pulumi_home()),
        state_backend.VARIABLE: state_backend.completed(given.get(state_backend.VARIABLE) or folders.state().as_uri()),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # All plugins are installed; without a network, a download attempt would only take time.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Plugins of another installation on PATH would take precedence and may have another version.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        # Deleting volumes and networks is mostly waiting: run more operations than the default of four per core.
        "PULUMI_PARALLEL": given.get("PULUMI_PARALLEL") or "64",
        # Stack files of a fresh clone have no salt: use the state's salt instead of creating another one.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        # Every run starts program, provider and policy pack as processes; compiling them again takes half a second.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    if found := project.find():
        # Outside of a project there is no program to check.
        added["PULUMI_OPTION_POLICY_PACK"] = str(found / "policies")
    if "PULUMI_CONFIG_PASSPHRASE" not in given:
        chosen = given.get("PULUMI_CONFIG_PASSPHRASE_FILE")
        added["PULUMI_CONFIG_PASSPHRASE_FILE"] = chosen or str(folders.passphrase())
    engine = engine_address.address(given)
    if given.get("DOCKER_HOST") or engine not in engine_address.LOCAL_ADDRESSES:
        added["DOCKER_HOST"] = engine
    added |= proxies.exceptions(given, engine=engine)
    if given.get("DOCKER_CONTEXT"):
        # Already resolved, and the Docker provider would prefer it to the address.
        added["DOCKER_CONTEXT"] = ""
    return added


def _identity(given: Mapping[str, str]) -> dict[str, str]:
    """Variables that Go programs need if the user is not in the user database, as in a container or a service."""
    missing = {name for name in ("HOME", "USER") if not given.get(name)}
    if not missing:
        return {}
    try:
        entry = pwd.getpwuid(os.getuid())
        found = {"HOME": entry.pw_dir, "USER": entry.pw_name}
    except KeyError:
        found = {"HOME": str(folders.home()), "USER": f"uid{os.getuid()}"}
    return {name: value for name, value in found.items() if name in missing}


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """A full environment for child processes: the given one (by default that of this process) with the additions."""
    given = os.environ if base is None else base
    return {**given, **additions(given)}


@dataclass(frozen=True, slots=True)
class Caller:
    """What this process inherited: environment and umask, for a program that is the user's own."""

    variables: Mapping[str, str]
    umask: int


def enter() -> Caller:
    """Apply the environment to this process and its children; created files are private to the user.

    Returns:
        What this process had before.
    """
    caller = Caller(dict(os.environ), os.umask(0o077))
    os.environ.update(additions())
    return caller


def complete() -> None:
    """Add missing user variables to this process's environment; `make env` prints them too."""
    _completed.update(_identity(os.environ))
    os.environ.update(_completed)


def search_path(current: str) -> str:
    """A PATH that starts with the tools and the Python environment, without duplicates."""
    ours = [str(folders.bin_folder()), str(folders.venv() / "bin")]
    others = [entry for entry in current.split(os.pathsep) if entry and entry not in ours]
    return os.pathsep.join([*ours, *others])


def export_lines(variables: Mapping[str, str]) -> str:
    """Format variables for `eval` in a shell, with quoted values."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
