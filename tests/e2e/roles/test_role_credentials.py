"""Only a principal's own valid credentials give access: missing, wrong, another's and expired ones are rejected."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import requests

from infra.clients.key_vault.vault import Vault
from tests.support.ca_certificates import ca_file
from tests.support.connections import to_vault
from tests.support.environment import Environment
from tests.support.otlp import Protocol, send
from tests.support.principals import Person, is_allowed, person
from tests.support.probes import probe_until
from tests.support.role_attempts import DOORS, KEY_VAULT, Admin, Scene
from tests.support.stacks import LiveStack, live_stack
from tests.support.vault import vault_client


@pytest.fixture(scope="module")
def other(environment: Environment) -> Iterator[LiveStack]:
    """Another workspace with a principal of the same name, without TLS; its key vault is protected from purging."""
    with live_stack(
        environment,
        keyVault={"enablePurgeProtection": True},
        roleAssignments=[
            {"principal": "bystander", "role": "DataScientist"},
            {"principal": "owner", "role": "Owner"},
        ],
    ) as stack:
        yield stack


@pytest.mark.parametrize("door", DOORS)
def test_own_credentials_give_access(people: dict[str, Person], scene: Scene, door: str) -> None:
    assert is_allowed(lambda: DOORS[door](people["bystander"].again(), scene))


@pytest.mark.parametrize("door", DOORS)
def test_wrong_credentials_give_no_access(people: dict[str, Person], scene: Scene, door: str) -> None:
    held = people["bystander"].held
    wrong = {key: value if key.endswith(("Username", "AccessKey")) else "wrong" * 8 for key, value in held.items()}

    assert not is_allowed(lambda: DOORS[door](Person("bystander", wrong, scene.admin.outputs), scene))


@pytest.mark.parametrize("door", [door for door in DOORS if not door.startswith("application")])
def test_own_name_with_secrets_of_another_gives_no_access(people: dict[str, Person], scene: Scene, door: str) -> None:
    own, another = people["bystander"].held, people["contributor"].held
    mixed = {key: own[key] if key.endswith(("Username", "AccessKey")) else value for key, value in another.items()}

    assert not is_allowed(lambda: DOORS[door](Person("bystander", mixed, scene.admin.outputs), scene))


@pytest.mark.parametrize("door", DOORS)
def test_credentials_of_another_stack_give_no_access(other: LiveStack, scene: Scene, door: str) -> None:
    stranger = person(other.outputs, "bystander")

    assert is_allowed(lambda: DOORS[door](stranger, Scene(Admin(other.outputs), scene.marker))), "good for nothing"
    assert not is_allowed(lambda: DOORS[door](replace(stranger, stack=scene.admin.outputs), scene))


def test_token_of_another_key_vault_gives_no_access(other: LiveStack, scene: Scene) -> None:
    token = person(other.outputs, "owner").vault.token

    assert not is_allowed(vault_client(scene.admin.outputs, token=token).auth.token.lookup_self)


@pytest.mark.parametrize(
    "does",
    [
        "destroys a version of a secret",
        "purges a secret",
        "lets a secret's versions expire",
        "keeps one version of a secret",
    ],
)
def test_purge_protection_applies_to_owners_too(other: LiveStack, marker: str, does: str) -> None:
    assert not is_allowed(lambda: KEY_VAULT[does](person(other.outputs, "owner"), Scene(Admin(other.outputs), marker)))


ANONYMOUS = {
    "key vault": ("GET", "keyVault", "/v1/principals/data/bystander"),
    "storage account": ("GET", "storage", "/azureml/workspace.json"),
    "container registry": ("GET", "registry", "/v2/_catalog"),
    "container registry (pull only)": ("GET", "registryReadOnly", "/v2/"),
    "application insights": ("POST", "otlpHttp", "/v1/traces"),
    "application insights (queries)": ("GET", "insights", "/v1/status"),
}
"""For each endpoint, a request that succeeds with valid credentials."""


@pytest.mark.parametrize(("method", "use", "path"), ANONYMOUS.values(), ids=ANONYMOUS)
def test_request_without_credentials_is_refused(roles_stack: LiveStack, method: str, use: str, path: str) -> None:
    host = roles_stack.outputs["endpoints"][use].rpartition("//")[2]
    verify = ca_file(roles_stack.outputs)

    answer = requests.request(method, f"https://{host}{path}", timeout=10, verify=verify)

    assert answer.status_code in {401, 403}


def test_telemetry_over_grpc_without_token_is_refused(roles_stack: LiveStack, marker: str) -> None:
    outputs = roles_stack.outputs

    sent = send(Protocol.GRPC, outputs["endpoints"], "", marker, seconds=2, ca_file=ca_file(outputs))

    assert set(sent.values()) == {False}


def test_expired_token_gives_no_access(roles_stack: LiveStack, people: dict[str, Person], scene: Scene) -> None:
    state = json.loads(roles_stack.stack.pulumi("stack export", "--show-secrets").check().stdout)
    found = [one for one in state["deployment"]["resources"] if "unseal_key" in one.get("outputs", {})]
    outputs = roles_stack.outputs
    vault = Vault(to_vault(outputs["endpoints"]["keyVault"], ca_certificate=outputs["certificateAuthority"]))
    wanted = {"policies": ["principal-bystander"], "ttl": "5s", "no_parent": True, "no_default_policy": True}
    with vault.as_root(_plain(found[0]["outputs"]["unseal_key"])):
        token = vault.write("auth/token/create", wanted)["auth"]["client_token"]
    client = vault_client(outputs, token=token)

    def read() -> object:
        return client.secrets.kv.v2.read_secret_version(
            path="bystander", mount_point="principals", raise_on_deleted_version=True
        )

    assert is_allowed(read)
    probe_until(lambda: _refused(read), what="a refusal")


def test_expired_link_gives_no_access(people: dict[str, Person], scene: Scene) -> None:
    place = scene.blob("azureml")
    link = people["bystander"].s3.generate_presigned_url("get_object", Params=place, ExpiresIn=5)

    def read() -> None:
        requests.get(link, timeout=10, verify=ca_file(scene.admin.outputs)).raise_for_status()

    assert is_allowed(read)
    probe_until(lambda: _refused(read), what="a refusal")


def _plain(value: object) -> str:
    """Take a secret out of the envelope that a state holds it in."""
    return str(json.loads(value["plaintext"])) if isinstance(value, dict) else str(value)


def _refused(attempt: Callable[[], object]) -> None:
    assert not is_allowed(attempt)
