"""`mlw run`: real clients find a workspace by their environment alone."""

from tests.support.environment import PROJECT_ROOT
from tests.support.stacks import LiveStack

EXAMPLE = str(PROJECT_ROOT / "examples" / "environment_client.py")


def test_clients_without_configuration_use_every_service(live: LiveStack) -> None:
    finished = live.stack.environment.mlw("run", live.stack.name, "--", "python", EXAMPLE).check()

    services = [line.partition(":")[0] for line in finished.stdout.splitlines()]
    assert (services, finished.stderr) == (["storage", "vault", "registry", "insights"], "")
