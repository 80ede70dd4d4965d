"""Starts the first process of a deployment's container, with a server of the test's own."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.documents import ROOT


def start(
    folder: Path, arguments: list[str], *, module: str = "json", port: int = 1, delay: float = 60
) -> subprocess.Popen[str]:
    liveness = {"period": 0.1, "initial_delay": delay, "timeout": 1, "failure_threshold": 2}
    settings = {"liveness": liveness, "module": module, "package": "a-package", "port": port}
    settings["arguments"] = [*arguments, str(port)]
    (folder / "serving.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "variables.json").write_text(json.dumps({"GIVEN": "secret"}), encoding="utf-8")
    command = [sys.executable, "-u", "-m", "mlw.job_programs.model_server", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
