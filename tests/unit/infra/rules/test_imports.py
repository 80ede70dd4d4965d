"""Rules have no side effects and few imports: the policy pack imports them in every run."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("pulumi", "pulumi_docker", "pydantic", "docker", "minio", "boto3", "hvac", "requests")
ROOT = Path(__file__).parents[4]


def test_rules_and_judging_import_nothing_heavy() -> None:
    script = (
        "import sys; import infra.rules.policy.catalogue, infra.rules.stack.stack_rules, policies.registered_resources;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
