"""`mlw expire --timer`: prints a systemd timer and a cron line that run `mlw expire --yes`; installs nothing."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from infra.host import folders, project, state_backend
from mlw.command import PROGRAM

KEPT = (state_backend.VARIABLE, "PULUMI_CONFIG_PASSPHRASE_FILE", "DOCKER_HOST")
"""Variables that select backend and engine; a passphrase itself is never printed."""

_TEXT = """# Removes expired workspaces of this backend every hour. Nothing has been installed.
#
# systemd, for your user: write the two files, then
#   systemctl --user daemon-reload && systemctl --user enable --now mlw-expire.timer
# They run without a login after: loginctl enable-linger

# ~/.config/systemd/user/mlw-expire.service
[Unit]
Description=Remove expired ML workspaces

[Service]
Type=oneshot
WorkingDirectory={folder_of_unit}
{variables_of_unit}
ExecStart={command_of_unit} expire --yes

# ~/.config/systemd/user/mlw-expire.timer
[Unit]
Description=Remove expired ML workspaces every hour

[Timer]
OnCalendar=hourly
Persistent=true

[Install]
WantedBy=timers.target

# cron instead: one line for `crontab -e`
{cron}"""


def render() -> str:
    """Unit files for systemd and a line for cron, for the home and the backend of this environment."""
    variables = _variables(os.environ)
    root, command = str(project.root()), str(folders.venv() / "bin" / PROGRAM)
    by_cron = [
        "cd",
        root,
        "&&",
        "env",
        *(f"{name}={value}" for name, value in variables.items()),
        command,
        "expire",
        "--yes",
    ]
    quoted = " ".join(word if word == "&&" else shlex.quote(word) for word in by_cron)
    return _TEXT.format(
        folder_of_unit=root.replace("%", "%%"),
        variables_of_unit="\n".join(f"Environment={_for_unit(f'{key}={value}')}" for key, value in variables.items()),
        command_of_unit=_for_unit(command).replace("$", "$$"),
        # In a crontab a percent sign ends the line.
        cron=f"0 * * * * {quoted}".replace("%", r"\%"),
    )


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: environment[name] for name in KEPT if environment.get(name)}
    return {"MLW_HOME": str(folders.home()), "MLW_CACHE": str(folders.cache()), **kept}


def _for_unit(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
