"""A studio in a process of its own, and a real browser that looks at it.

The studio is the command itself on a real stack. Only the rows of telemetry, the experiments and the jobs are made up
(`insights_rows`, `fake_tracking`, `example_jobs`): they are the same in every run, so that pictures are too, and they
contain names that do harm where a page does not escape them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

from infra.host import npm_packages
from tests.support import steady_browser
from tests.support.environment import PROJECT_ROOT, Environment
from tests.support.insights_rows import result_of

PICTURES = PROJECT_ROOT / "build" / "studio"
TABLE = Path(__file__).with_name("browser_assets.toml")
START_SECONDS = 60


class _Telemetry:
    """Application insights with made-up rows."""

    def query(self, sql: str, used: Any, **_rows: int) -> object:  # noqa: ANN401 - as the client's
        return result_of(sql, used)


@dataclass(frozen=True, slots=True)
class RunningStudio:
    """A studio that is running.

    Attributes:
        link: Its login link.
        pid: Its process.
    """

    link: str
    pid: int

    @property
    def base(self) -> str:
        """Beginning of all its addresses."""
        return self.link.partition("/login/")[0]

    def resident_mib(self) -> float:
        """Memory that it uses."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


@contextmanager
def running_studio(
    environment: Environment, *words: str, program: str = "tests.support.studio"
) -> Iterator[RunningStudio]:
    """Start `mlw studio` and end it as Ctrl-C does; it has to end without an error.

    Args:
        environment: Where it runs.
        words: More words of the command line.
        program: Module of the command; `mlw` shows the stack's own telemetry and experiments.
    """
    command = [sys.executable, "-m", program, "studio", "--no-browser", *words]
    with subprocess.Popen(
        command, cwd=environment.project, env=dict(environment.variables), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line.startswith("Studio: "), f"it said {line!r}"
            yield RunningStudio(line.split()[1], process.pid)
        finally:
            process.send_signal(2)
            exit_code = process.wait(START_SECONDS)
    assert exit_code == 0


def launch(playwright: Playwright, *flags: str) -> Browser:
    """Start the system's browser; its sandbox does not work for root."""
    needed = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=steady_browser.__file__, args=[*needed, *flags])


def axe_findings(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """What axe-core finds on a page: rule, help, and the elements.

    Args:
        page: The page.
        rules: The rules to check; without them, all.
    """
    # Evaluated by the debugger, which the content security policy does not concern.
    if not page.evaluate("'axe' in window"):
        folder = npm_packages.ensure(npm_packages.read_table(TABLE, title="the scripts of browser tests"))
        page.evaluate((folder / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(
        "(options) => axe.run(document, options).then((result) => JSON.stringify(result.violations))",
        {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {},
    )
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for one in json.loads(found)
        for node in one["nodes"]
    ]


def _main() -> int:
    from mlw.main import main  # noqa: PLC0415 - only in the studio's process
    from mlw.studio import (  # noqa: PLC0415 - same
        endpoint_section,
        job_section,
        report_sections,
        tracking_section,
    )
    from mlw.studio.panels import computes_panel  # noqa: PLC0415 - same
    from tests.support.example_computes import CLUSTERS, INSTANCES  # noqa: PLC0415 - same
    from tests.support.example_endpoints import ExampleEndpoints  # noqa: PLC0415 - same
    from tests.support.example_jobs import ExampleJobs  # noqa: PLC0415 - same
    from tests.support.fake_tracking import example_tracking  # noqa: PLC0415 - same

    report_sections.insights_of = lambda _access: _Telemetry()  # type: ignore[assignment,return-value]
    tracking_section.address_of = lambda access: "http://127.0.0.1:20008"  # noqa: ARG005 - the name is part of the type
    tracking_section.tracking_of = lambda _access: example_tracking()  # type: ignore[assignment,return-value]
    job_section.has_computes = lambda access: True  # noqa: ARG005 - as above
    job_section.jobs_of = lambda _access: ExampleJobs()  # type: ignore[assignment,return-value]
    endpoint_section.has_front = lambda access: True  # noqa: ARG005 - as above
    endpoint_section.endpoints_of = lambda _access: ExampleEndpoints()  # type: ignore[assignment,return-value]
    for name, found in (("computes_of", CLUSTERS), ("instances_of", INSTANCES)):
        setattr(computes_panel, name, lambda _stack, found=found: found)
    return main()


if __name__ == "__main__":
    sys.exit(_main())


def complaints_of(page: Page) -> list[str]:
    """What the browser complains about on a page, from now on: messages of its console, and errors."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    return found
