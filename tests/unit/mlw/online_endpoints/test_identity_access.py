"""What containers get of the identity of their endpoint, and who can give it to them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mlw.online_endpoints import identity_access, serving_files
from mlw.online_endpoints.deployment_settings import DeploymentSettings
from mlw.online_endpoints.endpoint_errors import EndpointError
from mlw.online_endpoints.endpoint_records import Deployment
from mlw.online_endpoints.endpoint_workspace import EndpointWorkspace
from mlw.online_endpoints.identity_access import NOBODY, EndpointIdentity
from mlw.roles.principal_rights import OperationNotAllowedError
from mlw.stacks.stacks import open_stack
from tests.support.example_identity import ACCESS, SCORER
from tests.unit.states import VALID, Place, a_workspace, the_outputs

ROLES = """  ml-workspace:inference: {}
  ml-workspace:roleAssignments:
    - {principal: dora, role: DataScientist}
    - {principal: rita, role: Reader}
"""
BLUE = Deployment(
    name="blue", endpoint="churn", document={}, revision="r1", instance_count=1, server="score", image="i",
    code="c", code_folder="src", script="score.py",
)  # fmt: skip


def documents(identity: EndpointIdentity) -> dict[str, tuple[int, int, Any]]:
    """Mode, owner and content of the files that are made."""
    found = serving_files.files(BLUE, DeploymentSettings(), (), (), identity=identity.granted(BLUE))
    made = [one for one in found if one.name.startswith(".mlw/") and "/program/" not in one.name]
    texts = {one.name.removeprefix(".mlw/"): (one, b"".join(one.content).decode()) for one in made}
    return {
        name: (one.mode, one.owner, json.loads(text) if name.endswith("json") else text)
        for name, (one, text) in texts.items()
    }


def test_the_server_has_the_variables_of_a_job_and_only_its_user_can_read_them() -> None:
    found = documents(SCORER)

    mode, owner, variables = found["variables.json"]
    assert (mode, owner) == found["identity.json"][:2] == (0o400, serving_files.USER)
    assert (variables["AWS_SECRET_ACCESS_KEY"], variables["VAULT_ADDR"]) == ("word", "http://vault:8200")
    assert variables["AZUREML_ENTRY_SCRIPT"] == "score.py"
    assert "VAULT_TOKEN" not in variables
    login = {"address": "http://vault:8200", "username": "scorer", "password": "password", "ca_certificate": ""}
    assert found["identity.json"][2] == login
    assert "ca.pem" not in found


def test_with_tls_clients_have_the_certificates() -> None:
    found = documents(replace(SCORER, access=replace(ACCESS, ca_certificate="-----BEGIN")))

    assert found["ca.pem"] == (0o444, 0, "-----BEGIN")
    assert found["ca-bundle.pem"][2].startswith("-----BEGIN\n")
    assert found["variables.json"][2]["SSL_CERT_FILE"] == "/var/azureml-app/.mlw/ca-bundle.pem"
    assert found["identity.json"][2]["ca_certificate"] == "-----BEGIN"


def test_without_an_identity_there_is_nothing_of_it() -> None:
    assert set(documents(NOBODY)) == {"serving.json", "variables.json"}
    assert NOBODY.given_to(BLUE) == BLUE
    assert NOBODY.given_to(SCORER.given_to(BLUE)) == BLUE


def test_without_rights_in_the_key_vault_there_is_no_login() -> None:
    access = replace(ACCESS, credentials={"storage": ACCESS.credentials["storage"]})

    assert "identity.json" not in documents(EndpointIdentity(principal="scorer", access=access))


def test_other_credentials_are_another_digest_and_another_token_is_not() -> None:
    given = SCORER.given_to(BLUE)
    token = {**ACCESS.credentials, "keyVault": {"token": "of another hour"}}
    keys = {**ACCESS.credentials, "storage": {"accessKey": "scorer", "secretKey": "new"}}

    assert given.identity == "scorer"
    assert SCORER.given_to(given) == given
    assert replace(SCORER, access=replace(ACCESS, credentials=token)).given_to(given) == given
    for changed in (
        replace(SCORER, password="new"),
        replace(SCORER, access=replace(ACCESS, credentials=keys)),
        replace(SCORER, access=replace(ACCESS, ca_certificate="new")),
    ):
        assert changed.given_to(given) != given
    assert "word" not in repr(SCORER)


@pytest.fixture
def read(place: Place, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a function
    held = [{"principal": one, "role": "Reader", "vaultPath": f"principals/{one}"} for one in ("scorer", "olga")]
    shown = the_outputs("dev", roleAssignments=held, endpointIdentities=["scorer"])
    place.deploy("dev", a_workspace("dev", outputs=shown))
    place.configure("dev", VALID + ROLES)
    monkeypatch.setattr(identity_access, "credentials_of", lambda *_: {"keyVaultPassword": "password"})
    monkeypatch.setattr(identity_access, "access_in_network", lambda *_, own_only: ACCESS if own_only else None)

    def call(principal: str, caller: str | None = None) -> EndpointIdentity:
        return identity_access.read(EndpointWorkspace(open_stack("dev"), caller, print), principal, "deploying")

    return call


@pytest.mark.parametrize("caller", [None, "dora"])
def test_whoever_may_create_endpoints_can_give_them_a_released_principal(read: Any, caller: str | None) -> None:  # noqa: ANN401
    assert read("scorer", caller) == SCORER
    assert read("", caller) == NOBODY


@pytest.mark.parametrize("caller", [None, "dora"])
def test_a_record_that_names_another_principal_gives_nothing(read: Any, caller: str | None) -> None:  # noqa: ANN401
    with pytest.raises(EndpointError, match=r"deploying: identity names 'olga', which is no identity for endpoints"):
        read("olga", caller)


def test_a_caller_that_may_not_create_endpoints_gives_nothing(read: Any) -> None:  # noqa: ANN401
    with pytest.raises(OperationNotAllowedError, match=r"'Reader' does not include .*onlineEndpoints/write"):
        read("scorer", "rita")
