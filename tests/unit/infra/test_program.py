"""The whole program with recording mocks: what it registers, in which order, and its outputs."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks

from infra import settings, stack_outputs
from infra.program import provision
from infra.services import REQUIRED
from mlw.rollback.container_definition import KNOWN, OF_THE_PROVIDER
from tests.support.mocks import TOKENS, RecordingMocks, Registered

CONFIG = {
    "ml-workspace:workload": "churn",
    "ml-workspace:tags": '{"owner": "a@example.org", "cost-center": "4711", "project": "churn"}',
}
ASSIGNED = '[{"principal": "churn-team", "role": "Reader"}]'
COMPUTES = '[{"name": "cpu-cluster", "type": "AmlCompute"}]'
OWNER = {"principal": "ana", "role": "Owner"}
INSTANCE = {"name": "ci-ana", "type": "ComputeInstance", "assignedUser": "ana"}
ATTACHED = {"name": "lab", "type": "VirtualMachine", "address": "ssh://lab"}
CONTAINER, VOLUME, NETWORK = (
    "docker:index/container:Container",
    "docker:index/volume:Volume",
    "docker:index/network:Network",
)


@dataclass(frozen=True)
class Run:
    """What one run of the program did."""

    mocks: RecordingMocks
    outputs: dict[str, Any]
    secrets: set[str]

    @property
    def docker_objects(self) -> list[Registered]:
        return [r for r in self.mocks.resources if r.type in {CONTAINER, VOLUME, NETWORK}]


@pytest.fixture(scope="module")
def run(event_loops: None) -> Run:
    """Run the program once."""
    return run_program(CONFIG)


@pytest.fixture(scope="module")
def with_tls(event_loops: None) -> Run:
    """Run it once for a stack with TLS."""
    return run_program({**CONFIG, "ml-workspace:tls": "true"})


@pytest.fixture(scope="module")
def with_tracking(event_loops: None) -> Run:
    """Run it once for a stack with a tracking server, and a front of online endpoints."""
    return run_program({**CONFIG, "ml-workspace:tracking": "{}", "ml-workspace:inference": "{}"})


def run_program(config: dict[str, str]) -> Run:
    """Run the program with mocks."""
    recording = RecordingMocks()
    pulumi.runtime.set_mocks(recording, project="ml-workspace", stack="dev")
    outputs: dict[str, Any] = {}
    secrets: set[str] = set()

    async def resolve(name: str, output: pulumi.Output[Any]) -> None:
        outputs[name] = await output.future()
        if await output.is_secret():
            secrets.add(name)

    @pulumi_mocks.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[Any]:
        given = provision(settings.load(config, stack="dev"))
        resolved = [resolve(name, pulumi.Output.from_input(value)) for name, value in given.items()]
        return pulumi.Output.from_input(asyncio.gather(*resolved))

    program()
    return Run(recording, outputs, secrets)


class TestOrder:
    """A violation or a taken name must never leave an incomplete stack."""

    def test_every_component_is_declared_before_anything_is_reserved(self, run: Run) -> None:
        types = [resource.type for resource in run.mocks.resources]

        reserved = types.index(TOKENS["EngineReservation"])
        guarded = types.index(TOKENS["ChangeGuard"])

        assert {t for t in types[:guarded] if t.startswith("ml-workspace:")} == {
            "ml-workspace:resources:ResourceGroup",
            "ml-workspace:storage:StorageAccount",
            "ml-workspace:containerregistry:ContainerRegistry",
            "ml-workspace:keyvault:KeyVault",
            "ml-workspace:insights:ApplicationInsights",
            "ml-workspace:machinelearningservices:Workspace",
        }
        # Guards of volumes make nothing, and may come at any time.
        made = [t for t in types[:reserved] if t.startswith("docker:") or t in TOKENS.values()]
        assert [t for t in made if t != TOKENS["VolumeGuard"]] == [types[guarded], TOKENS["StackIdentity"]]

    def test_the_workspace_record_is_created_last_except_for_the_guard(self, run: Run) -> None:
        assert [r.type for r in run.mocks.resources[-2:]] == [TOKENS["WorkspaceRecord"], TOKENS["UsageGuard"]]

    def test_the_key_vault_which_takes_longest_is_started_first(self, run: Run) -> None:
        # Endpoints come in the order in which services were begun; registrations wait for each other in any order.
        assert next(iter(run.outputs["endpoints"])) == "keyVault"

    def test_every_name_on_the_engine_is_reserved(self, run: Run) -> None:
        names = run.mocks.of_type(TOKENS["EngineReservation"])[0].inputs["names"]

        assert {r.inputs["name"] for r in run.mocks.of_type(CONTAINER)} == set(names["containers"])
        assert {r.inputs["name"] for r in run.mocks.of_type(VOLUME)} == set(names["volumes"])
        assert {r.inputs["name"] for r in run.mocks.of_type(NETWORK)} == set(names["networks"])

    def test_images_of_services_that_are_off_are_not_needed(self, run: Run) -> None:
        inputs = run.mocks.of_type(TOKENS["EngineReservation"])[0].inputs

        assert set(inputs["images"]) == set(inputs["revisions"]) == {service.image for service in REQUIRED}


class TestContainers:
    """The state records a container with its declared properties."""

    def test_every_container_can_be_recreated_from_its_inputs(self, run: Run, with_tls: Run) -> None:
        declared = [set(r.inputs) for one in (run, with_tls) for r in one.mocks.of_type(CONTAINER)]

        assert declared
        assert set().union(*declared) - OF_THE_PROVIDER <= KNOWN


class TestLocks:
    """A lock is created last, so that it is deleted first."""

    def test_without_locks_nothing_mentions_them(self, run: Run) -> None:
        assert run.mocks.of_type(TOKENS["ManagementLock"]) == []
        assert not {"locks", "configuration"} & set(run.mocks.of_type(TOKENS["ChangeGuard"])[0].inputs)

    @pytest.mark.usefixtures("event_loops")
    def test_locks_come_last_with_their_subject(self) -> None:
        locks = '[{"name": "Keep", "level": "CanNotDelete"}, {"name": "frozen", "level": "ReadOnly", "notes": "n"}]'
        run = run_program({**CONFIG, "ml-workspace:resourceGroup": f'{{"locks": {locks}}}'})

        made = run.mocks.of_type(TOKENS["ManagementLock"])
        assert made == run.mocks.resources[-2:]
        assert {lock.name.rpartition("-")[2]: lock.inputs["level"] for lock in made} == {
            "keep": "CanNotDelete",
            "frozen": "ReadOnly",
        }
        assert made[0].inputs["scope"].endswith("/resourceGroups/rg-churn-dev-westeurope-001")
        assert run.mocks.of_type(TOKENS["ChangeGuard"])[0].inputs["configuration"]


class TestEngineObjects:
    """The contract with outside tools: labels, names, ports; and the hardening of every container."""

    def test_there_are_five_containers_and_one_network(self, run: Run) -> None:
        assert len(run.mocks.of_type(CONTAINER)) == 5
        assert len(run.mocks.of_type(NETWORK)) == 1

    def test_labels_carry_identity_and_nothing_else(self, run: Run) -> None:
        for made in run.docker_objects:
            labels = {label["label"]: label["value"] for label in made.inputs["labels"]}

            assert set(labels) == {
                "ml-workspace.id",
                "ml-workspace.resource-id",
                "ml-workspace.stack",
                "ml-workspace.made-by",
            }
            assert labels["ml-workspace.id"] == "1a" * 16
            assert labels["ml-workspace.stack"] == "dev"
            assert labels["ml-workspace.resource-id"].startswith("/subscriptions/")

    def test_every_name_starts_with_its_resources_own_name(self, run: Run) -> None:
        for made in run.docker_objects:
            labels = {label["label"]: label["value"] for label in made.inputs["labels"]}

            assert made.inputs["name"].startswith(labels["ml-workspace.resource-id"].rpartition("/")[2])

    def test_a_container_is_named_after_its_resource_and_its_role(self, run: Run) -> None:
        assert {made.inputs["name"] for made in run.mocks.of_type(CONTAINER)} == {
            "stchurndevwesteurope001-storage",
            "crchurndevwesteurope001-registry",
            "kv-churn-dev-we-001-vault",
            "appi-churn-dev-westeurope-001-insights",
            "appi-churn-dev-westeurope-001-insights-store",
        }

    def test_ports_are_published_on_loopback_only(self, run: Run) -> None:
        published = [port for made in run.mocks.of_type(CONTAINER) for port in made.inputs["ports"]]

        assert len(published) == 7
        assert {port["ip"] for port in published} == {"127.0.0.1"}

    def test_no_container_runs_as_root_or_with_a_capability(self, run: Run) -> None:
        for made in run.mocks.of_type(CONTAINER):
            assert not made.inputs["user"].startswith("0")
            assert made.inputs["readOnly"] is True
            assert made.inputs["capabilities"] == {"drops": ["ALL"]}
            assert made.inputs["securityOpts"] == ["no-new-privileges:true"]
            assert made.inputs["memory"] == made.inputs["memorySwap"]
            assert made.inputs["ulimits"] == [{"name": "core", "soft": 0, "hard": 0}]

    def test_data_services_stop_gracefully_and_work_after_a_restart(self, run: Run) -> None:
        for made in run.mocks.of_type(CONTAINER):
            assert made.inputs["destroyGraceSeconds"] >= 30
            assert made.inputs["restart"] == "unless-stopped"

    def test_no_generated_value_is_in_an_environment_or_on_a_command_line(self, run: Run) -> None:
        for made in run.mocks.of_type(CONTAINER):
            assert "generated-" not in f"{made.inputs['envs']} {made.inputs['command']} {made.inputs['entrypoints']}"


class TestLiveFiles:
    """Files that a service reloads by itself: changing them replaces no container."""

    def _files(self, run: Run, role: str, kind: str) -> dict[str, str]:
        """Files of a service by name; they are secret, so the engine gets them wrapped."""
        resources = run.mocks.of_type(TOKENS["VolumeFiles"])
        (found,) = [made.inputs[kind] for made in resources if made.name.endswith(f"-{role}-files")]
        return dict(found["value"])

    def test_users_and_tokens_are_live_files_and_nothing_else_is(self, run: Run) -> None:
        live = {
            role: set(self._files(run, role, "live_files"))
            for role in ("storage", "registry", "vault", "insights", "insights-store")
        }

        assert live == {
            "storage": set(),
            "registry": {"htpasswd-pull", "htpasswd-push"},
            "vault": set(),
            "insights": {"tokens"},
            "insights-store": {"tokens"},
        }

    def test_a_rotation_changes_only_values_that_restart_no_other_service(self, run: Run) -> None:
        rotating = {made.name: made.inputs["rotating"] for made in run.mocks.of_type(TOKENS["GeneratedSecrets"])}

        assert rotating == {
            "stchurndevwesteurope001-keys": ["secretKey"],
            "crchurndevwesteurope001-admin": ["password"],
            "appi-churn-dev-westeurope-001-ingestion": ["token"],
            "appi-churn-dev-westeurope-001-queries": ["token"],
        }

    def test_the_front_gets_its_new_token_for_telemetry_without_a_restart(self, with_tracking: Run) -> None:
        rotating = {
            made.name: made.inputs["rotating"] for made in with_tracking.mocks.of_type(TOKENS["GeneratedSecrets"])
        }

        assert rotating["appi-churn-dev-westeurope-001-ingestion"] == ["token", "inference"]
        assert self._files(with_tracking, "inference", "live_files") == {"telemetry-token": "generated-inference"}
        configuration = json.loads(self._files(with_tracking, "inference", "files")["config.json"])
        assert configuration["telemetry"]["token"] == "/etc/inference/live/telemetry-token"
        assert "generated-inference (inference)" in self._files(with_tracking, "insights", "live_files")["tokens"]

    def test_each_service_has_its_own_kind_of_token(self, run: Run) -> None:
        tokens = self._files(run, "insights", "live_files")["tokens"]

        assert tokens == "generated-token (stack)\ngenerated-services (services)\n"
        assert self._files(run, "registry", "files")["telemetry-token"] == "generated-services"


class TestPrincipals:
    """Principals with a role, and principals without one any more."""

    def test_the_accounts_users_are_a_resource_even_when_there_are_none(self, run: Run) -> None:
        (made,) = run.mocks.of_type(TOKENS["StoragePrincipals"])

        assert made.inputs["policies"] == {}


class TestOutputs:
    """The contract with clients."""

    def test_outputs_are_the_documented_ones(self, run: Run) -> None:
        assert set(run.outputs) == stack_outputs.always()

    @pytest.mark.parametrize("name", ["workspace", "resourceGroup", "endpoints", "credentials"])
    def test_a_mapping_has_exactly_the_documented_keys(self, run: Run, with_tracking: Run, name: str) -> None:
        documented = stack_outputs.OUTPUTS[name]

        assert set(run.outputs[name]) == set(documented.keys)
        assert set(with_tracking.outputs[name]) == {*documented.keys, *documented.optional}

    @pytest.mark.usefixtures("event_loops")
    def test_outputs_that_depend_on_the_stack_file_are_documented(self) -> None:
        computes = json.dumps([*json.loads(COMPUTES), INSTANCE, ATTACHED])
        more = {"tls": "true", "roleAssignments": json.dumps([OWNER]), "tracking": "{}", "computes": computes}
        more["inference"] = json.dumps({"identities": [OWNER["principal"]]})
        everything = run_program({**CONFIG, **{f"ml-workspace:{key}": text for key, text in more.items()}})

        assert set(everything.outputs) == set(stack_outputs.OUTPUTS)
        assert set(everything.outputs["roleAssignments"][0]) == set(stack_outputs.OUTPUTS["roleAssignments"].keys)
        assert everything.outputs["endpointIdentities"] == [OWNER["principal"]]
        local, cluster, instance, attached = everything.outputs["computes"]
        assert set(local) == set(stack_outputs.OUTPUTS["computes"].keys)
        assert {*cluster, *instance, *attached} == {*local, *stack_outputs.OUTPUTS["computes"].optional}

    def test_secret_outputs_are_documented_as_such(self, run: Run) -> None:
        documented = {name for name in run.outputs if stack_outputs.OUTPUTS[name].secret}

        assert documented == run.secrets & set(run.outputs) - {"workspace"}

    def test_credentials_are_secret_and_nothing_else_is(self, run: Run) -> None:
        assert "credentials" in run.secrets
        assert not run.secrets & {"endpoints", "datastores", "resourceGroup"}

    def test_the_record_names_the_four_associated_resources_by_full_id(self, run: Run) -> None:
        record = run.outputs["workspace"]

        for key in ("id", "storageAccount", "keyVault", "containerRegistry", "applicationInsights"):
            assert record[key].startswith("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-churn")

    def test_registry_endpoint_works_with_docker_login(self, run: Run) -> None:
        assert run.outputs["endpoints"]["registry"].startswith("127.0.0.1:")

    def test_datastores_contain_no_credentials(self, run: Run) -> None:
        assert {frozenset(store) for store in run.outputs["datastores"]} == {
            frozenset(stack_outputs.OUTPUTS["datastores"].keys)
        }


class TestTls:
    """The differences of a stack with TLS."""

    def test_the_authority_is_an_output_and_endpoints_are_https(self, with_tls: Run) -> None:
        assert with_tls.outputs["certificateAuthority"] == "the-authority"
        assert "certificateAuthority" not in with_tls.secrets
        assert {
            use for use, url in with_tls.outputs["endpoints"].items() if not url.startswith("https://127.0.0.1:")
        } == {"registry", "registryReadOnly"}

    def test_every_container_has_its_own_certificate_and_none_the_authoritys_key(self, with_tls: Run) -> None:
        for made in with_tls.mocks.of_type(TOKENS["VolumeFiles"]):
            files, container = made.inputs["files"]["value"], made.name.removesuffix("-files")

            assert files["public.crt"] == f"of-{container}"
            assert files["private.key"] == "generated-key"
            assert files["ca.crt"] == "the-authority"
            assert "generated-authority-key" not in str(files)

    def test_all_clients_of_services_trust_the_authority(self, with_tls: Run) -> None:
        talking = [
            made
            for made in with_tls.mocks.resources
            if made.type in TOKENS.values() and {"urls", "address"} & set(made.inputs)
        ]
        connected = [
            made.inputs[name]["value"]
            for made in with_tls.mocks.resources
            for name in ("storage_account", "key_vault")
            if made.type in TOKENS.values() and name in made.inputs
        ]

        assert (len(talking), len(connected)) == (6, 5)
        certificates = [made.inputs["ca_certificate"] for made in talking]
        assert {*certificates, *(one["ca_certificate"] for one in connected)} == {"the-authority"}

    def test_the_key_vault_gets_the_authority_to_issue_further_certificates(self, with_tls: Run) -> None:
        (configured,) = with_tls.mocks.of_type(TOKENS["VaultConfiguration"])

        assert configured.inputs["ca_bundle"] == "the-authoritygenerated-authority-key"

    def test_without_tls_there_is_no_certificate(self, run: Run) -> None:
        files = [made.inputs["files"]["value"] for made in run.mocks.of_type(TOKENS["VolumeFiles"])]

        assert not any("public.crt" in held for held in files)
        assert not run.mocks.of_type(TOKENS["CertificateAuthority"])
        assert "certificateAuthority" not in run.outputs
