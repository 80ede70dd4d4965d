"""The environment in which a bare `pulumi` works on the project's stacks; what `make env` prints.

What the user has chosen himself stays: another backend, another passphrase. The policy pack does not: a stack that is
not checked is what the product exists to prevent.
"""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Mapping

from infra.host import engine_address, folders, project, proxies, state_backend

_completed: dict[str, str] = {}
"""What this process's environment lacked when it started."""


def additions(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """What has to be set on top of an environment (this process's own by default)."""
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
        # Everything that is needed is installed; asking a network that does not answer would only take time.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Another installation's plugins on PATH would come first, and be another version.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        # Deleting volumes and networks is mostly waiting: more at a time than the default of four for each core.
        "PULUMI_PARALLEL": given.get("PULUMI_PARALLEL") or "64",
        # A fresh clone's stack files carry no salt: the state's own is used instead of making another one.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        # Program, provider and policy pack are three processes in every run; compiling them anew takes half a second.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    if found := project.find():
        # Outside of a project there is no program to run, hence nothing to check.
        added["PULUMI_OPTION_POLICY_PACK"] = str(found / "policies")
    if "PULUMI_CONFIG_PASSPHRASE" not in given:
        chosen = given.get("PULUMI_CONFIG_PASSPHRASE_FILE")
        added["PULUMI_CONFIG_PASSPHRASE_FILE"] = chosen or str(folders.passphrase())
    engine = engine_address.address(given)
    if given.get("DOCKER_HOST") or engine not in engine_address.LOCAL_ADDRESSES:
        added["DOCKER_HOST"] = engine
    added |= proxies.exceptions(given, engine=engine)
    if given.get("DOCKER_CONTEXT"):
        # Followed already, and the Docker provider would rate it above the address.
        added["DOCKER_CONTEXT"] = ""
    return added


def _identity(given: Mapping[str, str]) -> dict[str, str]:
    """What Go's programs need to know of a user who is not in the user database, as in a container or a service."""
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
    """A whole environment for child processes: the given one (this process's own by default) and our additions."""
    given = os.environ if base is None else base
    return {**given, **additions(given)}


def enter() -> None:
    """Work in this environment from here on, child processes included; what is made is the user's alone."""
    os.umask(0o077)
    os.environ.update(additions())


def complete() -> None:
    """Add to this process's environment what programs need to know of the user; `make env` prints that too."""
    _completed.update(_identity(os.environ))
    os.environ.update(_completed)


def search_path(current: str) -> str:
    """Put the tools and the Python environment first on a PATH, once."""
    ours = [str(folders.bin_folder()), str(folders.venv() / "bin")]
    others = [entry for entry in current.split(os.pathsep) if entry and entry not in ours]
    return os.pathsep.join([*ours, *others])


def export_lines(variables: Mapping[str, str]) -> str:
    """Write variables for `eval` in a shell; whatever a value holds, the shell takes it as it is."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
