"""systemd timers and lines for cron that run a command of `mlw`; they are printed, nothing is installed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from infra.host import folders, project, state_backend
from mlw.command import PROGRAM

KEPT = (state_backend.VARIABLE, "PULUMI_CONFIG_PASSPHRASE_FILE", "DOCKER_HOST")
"""Variables that select backend and engine; a passphrase itself is never printed."""

_TEXT = """# {purpose} Nothing has been installed.
#
# systemd, for your user: write the two files, then
#   systemctl --user daemon-reload && systemctl --user enable --now {unit}.timer
# They run without a login after: loginctl enable-linger

# ~/.config/systemd/user/{unit}.service
[Unit]
Description={service}

[Service]
Type=oneshot
WorkingDirectory={folder_of_unit}
{variables_of_unit}
ExecStart={command_of_unit}

# ~/.config/systemd/user/{unit}.timer
[Unit]
Description={timer}

[Timer]
OnCalendar={calendar}
Persistent=true

[Install]
WantedBy=timers.target

# cron instead: one line for `crontab -e`
{cron}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedTimer:
    """A command that runs again and again.

    Attributes:
        words: Its words after `mlw`.
        unit: Name of the units.
        purpose: A sentence for the comment.
        service: Description of the service unit.
        timer: Description of the timer unit.
        calendar: As systemd has it.
        cron: As cron has it.
    """

    words: tuple[str, ...]
    unit: str
    purpose: str
    service: str
    timer: str
    calendar: str
    cron: str

    def render(self) -> str:
        """Unit files for systemd and a line for cron, for the home and the backend of this environment."""
        words = [_program(), *self.words]
        variables = _variables(os.environ)
        return _TEXT.format(
            purpose=self.purpose,
            unit=self.unit,
            service=self.service,
            timer=self.timer,
            calendar=self.calendar,
            folder_of_unit=str(project.root()).replace("%", "%%"),
            variables_of_unit="\n".join(f"Environment={_for_unit(f'{key}={text}')}" for key, text in variables.items()),
            command_of_unit=" ".join([_for_unit(words[0]).replace("$", "$$"), *words[1:]]),
            cron=self.cron_line(),
        )

    def cron_line(self) -> str:
        """The line for cron."""
        variables = (f"{name}={value}" for name, value in _variables(os.environ).items())
        words = ["cd", str(project.root()), "&&", "env", *variables, _program(), *self.words]
        quoted = " ".join(word if word == "&&" else shlex.quote(word) for word in words)
        # In a crontab a percent sign ends the line.
        return f"{self.cron} {quoted}".replace("%", r"\%")


def _program() -> str:
    return str(folders.venv() / "bin" / PROGRAM)


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: environment[name] for name in KEPT if environment.get(name)}
    return {"MLW_HOME": str(folders.home()), "MLW_CACHE": str(folders.cache()), **kept}


def _for_unit(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
