"""What `mlw expire --timer` prints: for systemd and cron, with everything that tells which stacks are meant."""

import shlex

import pytest

from mlw.deletion import removal_timer
from mlw.main import main
from tests.unit.states import Place


def test_everything_that_a_timer_needs_is_printed_and_nothing_secret(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hunter2")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1/docker.sock")

    assert main(["expire", "--timer"]) == 0

    shown = capsys.readouterr().out
    assert f"WorkingDirectory={place.project}" in shown
    assert f'Environment="MLW_HOME={place.state.parent}"' in shown
    assert f'Environment="PULUMI_BACKEND_URL={place.state.as_uri()}"' in shown
    assert 'Environment="DOCKER_HOST=unix:///run/user/1/docker.sock"' in shown
    assert 'bin/mlw" expire --yes' in shown
    assert "OnCalendar=hourly" in shown
    assert "Nothing has been installed" in shown
    assert "hunter2" not in shown


def test_odd_characters_survive(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLW_HOME", "/srv/a b%c\"d'e")

    text = removal_timer.REMOVAL.render()

    assert r'Environment="MLW_HOME=/srv/a b%%c\"d' in text
    line = text.splitlines()[-1]
    assert line.startswith(f"0 * * * * cd {place.project} && env 'MLW_HOME=")
    assert r"\%" in line
    assert "MLW_HOME=/srv/a b%c\"d'e" in shlex.split(line.replace(r"\%", "%"))
