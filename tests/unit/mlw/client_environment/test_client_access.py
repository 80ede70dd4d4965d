"""CA certificates for clients: the stack's alone, and together with those that the machine trusts."""

from pathlib import Path

import pytest

from mlw.client_environment.client_access import access_of
from mlw.stacks import stacks
from mlw.stacks.stacks import Stack, open_stack
from tests.unit.states import CREDENTIALS, Place, a_workspace, the_outputs


@pytest.fixture
def stack(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack with TLS, on a machine where the user trusts another authority."""
    trusted = tmp_path / "trusted.pem"
    trusted.write_text("TRUSTED\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setattr(stacks.Stack, "credentials", lambda _: CREDENTIALS)
    place.deploy("dev", a_workspace("dev", outputs=the_outputs("dev", certificateAuthority="OURS\n")))
    return open_stack("dev")


def test_the_files_are_in_the_stacks_private_folder(stack: Stack) -> None:
    access = access_of(stack, None)

    assert access.ca_file == stack.context.workdir / "ca.pem"
    assert access.ca_file.read_text() == "OURS\n"
    assert access.ca_bundle is not None
    assert access.ca_bundle.read_text() == "TRUSTED\nOURS\n"


def test_a_bundle_of_ours_is_not_the_machines(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = access_of(stack, None).ca_bundle
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)

    again = access_of(stack, None).ca_bundle

    assert again is not None
    assert "TRUSTED" not in again.read_text()
    assert again.read_text().endswith("OURS\n")


def test_a_stack_without_tls_needs_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks.Stack, "credentials", lambda _: CREDENTIALS)
    place.deploy("dev")

    access = access_of(open_stack("dev"), None)

    assert (access.ca_file, access.ca_bundle) == (None, None)
