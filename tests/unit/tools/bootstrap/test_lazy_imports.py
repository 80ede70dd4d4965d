"""What the SDK imports for nothing is imported when it is used, and behaves as ever then."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]

PROGRAM = """
import sys
from tools.bootstrap.lazy_imports import POSTPONED, postpone
postpone()
{imports}
classes = {{name: object.__getattribute__(sys.modules[name], "__class__").__name__ for name in POSTPONED}}
loaded = [name for name in sorted(POSTPONED) if classes[name] != "_LazyModule"]
{use}
print(loaded, "dill" in sys.modules)
"""


def run(imports: str, use: str = "") -> str:
    """What a process prints that imports the SDK with these modules postponed."""
    program = PROGRAM.format(imports=imports, use=use)
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_no_run_of_the_project_uses_postponed_modules() -> None:
    assert run("import infra.program, infra.provider.server, policies.pack") == "[] False\n"


def test_postponed_modules_load_on_first_use() -> None:
    use = "import pulumi; assert issubclass(pulumi.dynamic.Resource, pulumi.CustomResource); pulumi.automation.Stack"
    assert run("import pulumi", use) == "[] True\n"


def test_the_project_s_own_python_postpones_them() -> None:
    program = "import sys; early = 'infra' in sys.modules; import pulumi; print(early, 'dill' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_the_asynchronous_api_of_grpc_works_when_it_is_used() -> None:
    use = "import asyncio, grpc; asyncio.run(grpc.aio.insecure_channel('127.0.0.1:1').close())"
    assert run("import pulumi", use) == "[] False\n"
