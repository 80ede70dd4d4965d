"""The console script on a running workspace: what it shows, what it finds, what it never prints."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient

from tests.support.engine import ID_LABEL, RESOURCE_LABEL
from tests.support.object_store import s3_client
from tests.support.probes import probe_until
from tests.support.refusals import assert_refused
from tests.support.stack_file import valid_settings, write_stack_file
from tests.support.stacks import LiveStack
from tests.support.vault import vault_client

SERVICES = {
    "storageAccount": "storage_account",
    "containerRegistry": "container_registry",
    "keyVault": "key_vault",
    "applicationInsights": "application_insights",
    "insightsStore": "application_insights",
}
"""Name of each service to its group in a diagnosis."""


def diagnosis(live: LiveStack) -> dict[str, list[dict[str, str]]]:
    """Diagnose; the exit code must match the result."""
    finished = live.stack.environment.mlw("diagnose", live.stack.name)
    found: dict[str, list[dict[str, str]]] = json.loads(finished.stdout)
    assert finished.exit_code == (1 if found else 0), finished.output
    return found


def codes(found: dict[str, list[dict[str, str]]]) -> dict[str, list[str]]:
    """Return the codes of the findings."""
    return {group: [finding["code"] for finding in findings] for group, findings in found.items()}


def assert_healthy(live: LiveStack) -> None:
    """Fail with the findings if there are any."""
    assert diagnosis(live) == {}


def entry_of(live: LiveStack) -> dict[str, Any]:
    """Return the live stack's entry of the list."""
    listed = json.loads(live.stack.environment.mlw("list", "--json").check().stdout)
    (entry,) = [entry for entry in listed if entry["stack"] == live.stack.name]
    return dict(entry)


@pytest.fixture
def labels(live: LiveStack, engine: DockerClient) -> dict[str, str]:
    """Labels of a container of the live stack's key vault on the engine."""
    found: dict[str, str] = engine.containers.get(live.container_of("keyVault")).labels
    return {key: found[key] for key in (ID_LABEL, RESOURCE_LABEL)}


@pytest.fixture
def image(live: LiveStack, engine: DockerClient) -> str:
    """An image that exists on the engine."""
    return str(engine.api.inspect_container(live.container_of("keyVault"))["Image"])


class TestShowing:
    """Only `keys` prints secrets."""

    def test_list_has_the_workspace_with_all_its_containers(self, live: LiveStack) -> None:
        record = live.outputs["workspace"]

        assert entry_of(live) == {
            "stack": live.stack.name,
            "workspace": record["name"],
            "resourceGroup": record["resourceGroup"],
            "location": record["location"],
            "provisioningState": "Succeeded",
            "expiresOn": None,
            "containers": {"running": 5, "expected": 5},
            "tags": record["tags"],
        }

    def test_list_for_people_has_a_line_for_it(self, live: LiveStack) -> None:
        lines = live.stack.environment.mlw("list", "--tag", "owner").check().stdout.splitlines()

        (line,) = [line for line in lines if line.split()[0] == live.stack.name]
        assert line.split()[-2:] == ["5/5", live.outputs["workspace"]["tags"]["owner"]]

    def test_show_is_the_record(self, live: LiveStack) -> None:
        shown = live.stack.environment.mlw("show", live.stack.name).check().stdout

        assert json.loads(shown) == live.outputs["workspace"]

    def test_keys_are_the_credentials(self, live: LiveStack) -> None:
        shown = live.stack.environment.mlw("keys", live.stack.name).check().stdout

        assert json.loads(shown) == live.outputs["credentials"]

    @pytest.mark.parametrize("words", ["list", "list --json", "show {}", "diagnose {}", "policy check {} --json"])
    def test_nothing_else_prints_a_secret(self, live: LiveStack, words: str) -> None:
        finished = live.stack.environment.mlw(*words.format(live.stack.name).split()).check()

        assert [secret for secret in live.secrets if secret in finished.output] == []

    def test_stack_file_is_left_as_it_is(self, live: LiveStack) -> None:
        file = live.stack.environment.stack_folder / f"Pulumi.{live.stack.name}.yaml"
        before = file.read_bytes()

        for verb in ("show", "keys", "diagnose"):
            live.stack.environment.mlw(verb, live.stack.name).check()

        assert file.read_bytes() == before


class TestDiagnose:
    """Each test breaks one thing and repairs it, which is what the next one needs."""

    @pytest.fixture(autouse=True)
    def _healthy(self, live: LiveStack) -> Iterator[None]:
        yield
        probe_until(lambda: assert_healthy(live), what="healthy again after the test", timeout_seconds=60)

    @pytest.mark.parametrize("resource", SERVICES, ids=str)
    def test_a_stopped_container_is_found(self, live: LiveStack, engine: DockerClient, resource: str) -> None:
        container = engine.containers.get(live.container_of(resource))
        container.stop()
        try:
            found, entry = diagnosis(live), entry_of(live)
        finally:
            container.start()

        assert codes(found) == {SERVICES[resource]: ["ContainerNotRunning"]}
        assert f"'{container.name}' is exited" in found[SERVICES[resource]][0]["message"]
        assert entry["containers"] == {"running": 4, "expected": 5}

    def test_a_sealed_vault_is_found(self, live: LiveStack, engine: DockerClient) -> None:
        vault_client(live.outputs).sys.seal()
        try:
            found = diagnosis(live)
        finally:
            engine.containers.get(live.container_of("keyVault")).restart()

        assert codes(found) == {"key_vault": ["Sealed"]}

    def test_hanging_service_is_found(self, live: LiveStack, engine: DockerClient) -> None:
        container = engine.containers.get(live.container_of("storageAccount"))
        container.kill(signal="SIGSTOP")
        try:
            found = diagnosis(live)
        finally:
            container.kill(signal="SIGCONT")

        assert codes(found) == {"storage_account": ["NotReady"]}

    @pytest.mark.parametrize("change", ["changed", "deleted"])
    def test_changed_or_missing_record_is_found(self, live: LiveStack, change: str) -> None:
        s3 = s3_client(live.outputs)
        place = {"Bucket": "azureml", "Key": "workspace.json"}
        content = s3.get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read()
        record = {**json.loads(content), "location": "atlantis"}
        try:
            if change == "changed":
                s3.put_object(Bucket=place["Bucket"], Key=place["Key"], Body=io.BytesIO(json.dumps(record).encode()))
            else:
                s3.delete_object(Bucket=place["Bucket"], Key=place["Key"])
            found = diagnosis(live)
        finally:
            s3.put_object(Bucket=place["Bucket"], Key=place["Key"], Body=content)

        code, words = (
            ("RecordDiffers", "'location' is 'atlantis'") if change == "changed" else ("RecordMissing", "gone")
        )
        assert codes(found) == {"other": [code]}
        assert words in found["other"][0]["message"]

    def test_a_port_that_others_can_reach_is_found(
        self, live: LiveStack, engine: DockerClient, labels: dict[str, str], image: str
    ) -> None:
        ports = {"1234/tcp": ("0.0.0.0", 0)}  # noqa: S104 - never started
        container = engine.containers.create(image, ["none"], labels=labels, ports=ports)
        try:
            found = diagnosis(live)
        finally:
            container.remove(force=True)

        assert codes(found) == {"network_security_rule": ["PortPublic"]}

    def test_leftover_carrier_container_is_found(
        self, live: LiveStack, engine: DockerClient, labels: dict[str, str], image: str
    ) -> None:
        container = engine.containers.create(image, ["none"], labels=labels)
        try:
            found = diagnosis(live)
        finally:
            container.remove(force=True)

        assert codes(found) == {"key_vault": ["ContainerLeftBehind"]}


class TestMistakes:
    """One message, exit code 1, no traceback."""

    @pytest.mark.parametrize("verb", ["show", "diagnose", "keys"])
    def test_unknown_stack_is_refused(self, live: LiveStack, verb: str) -> None:
        finished = live.stack.environment.mlw(verb, "nope")

        assert_refused(finished, "looking for stack 'nope'", live.stack.name)
        assert finished.exit_code == 1

    @pytest.mark.parametrize("verb", ["keys", "diagnose"])
    def test_wrong_passphrase_is_refused(self, live: LiveStack, verb: str) -> None:
        finished = live.stack.environment.mlw(verb, live.stack.name, PULUMI_CONFIG_PASSPHRASE="wrong")

        assert_refused(finished, "the passphrase in the variable PULUMI_CONFIG_PASSPHRASE is not the one")
        assert finished.exit_code == 1

    @pytest.mark.parametrize("words", ["list", "diagnose {}"])
    def test_stopped_engine_is_named(self, live: LiveStack, words: str) -> None:
        address = "unix:///nowhere/docker.sock"
        finished = live.stack.environment.mlw(*words.format(live.stack.name).split(), DOCKER_HOST=address)

        assert_refused(finished, f"using the Docker engine at '{address}': it does not answer")
        assert (finished.exit_code, finished.stdout) == (1, "")

    def test_name_taken_by_another_stack_is_rejected(self, live: LiveStack) -> None:
        environment = live.stack.environment
        taken = live.name_of("storageAccount")
        settings = valid_settings("other", storageAccount={"name": taken})
        write_stack_file(environment.stack_folder, "other", settings)
        try:
            finished = environment.mlw("policy", "check", "other", PATH=f"{environment.project / '.venv' / 'bin'}")
        finally:
            (environment.stack_folder / "Pulumi.other.yaml").unlink()

        assert_refused(finished, f"stack '{live.stack.name}' already has the storage account '{taken}'")
        assert finished.exit_code == 1
