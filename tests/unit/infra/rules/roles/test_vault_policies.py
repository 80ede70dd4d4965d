"""Policies of the key vault as text."""

import pytest

from infra.rules.roles.vault_policies import (
    MAX_VERSIONS,
    administrator,
    hcl,
    principal_policy_name,
    sharer,
    sharer_name,
)

PURGES = ('path "secret/destroy/*"', 'path "datastores/destroy/*"', 'path "principals/destroy/*"')


def test_a_policy_lists_paths_and_capabilities() -> None:
    assert hcl({"secret/data/*": ["read", "list"]}) == (
        'path "secret/data/*" {\n  capabilities = ["read", "list"]\n}\n'
    )


def test_allowed_parameters_are_listed_only_with_their_path() -> None:
    text = hcl({"a": ["update"], "b": ["update"]}, allowed_parameters={"a": {"ttl": ["0s"], "name": []}})

    assert text.count("allowed_parameters") == 1
    assert '    "ttl" = ["0s"]\n    "name" = []\n' in text


@pytest.mark.parametrize("path", PURGES)
def test_purging_is_granted_only_without_purge_protection(path: str) -> None:
    assert path in administrator(purge_protection=False)
    assert path not in administrator(purge_protection=True)


def test_with_purge_protection_no_metadata_is_deleted_or_limited() -> None:
    text = administrator(purge_protection=True)

    for mount in ("secret", "datastores", "principals"):
        stanza = text.partition(f'path "{mount}/metadata/*"')[2].partition("\n}\n")[0]
        assert "delete" not in stanza.partition("allowed_parameters")[0]
        assert "max_versions" not in stanza
        assert '"delete_version_after" = ["0s", "0"]' in stanza


def test_nothing_of_the_set_up_is_written_but_the_vault_can_be_sealed() -> None:
    written = {"create", "update", "patch", "delete"}
    stanzas = administrator(purge_protection=False).split("path ")[1:]

    written_to = [
        path
        for path, _, rest in (stanza.partition(" {") for stanza in stanzas)
        if path.startswith(('"sys/', '"auth/')) or path.endswith('/config"')
        if set(rest.partition("[")[2].partition("]")[0].replace('"', "").split(", ")) & written
    ]

    assert written_to == ['"sys/seal"']


def test_more_versions_are_kept_than_one_entry_of_metadata_can_list() -> None:
    assert MAX_VERSIONS * len('"1":{"created_time":""}') > 1 << 20


def test_policy_names_are_as_vault_spells_them() -> None:
    assert principal_policy_name("Ann") == "principal-ann"


GUID = "01234567-89ab-cdef-0123-456789abcdef"


def paths(policy: str) -> set[str]:
    """Return the paths that a policy mentions."""
    return {stanza.partition('"')[2].partition('"')[0] for stanza in policy.split("path ")[1:]}


@pytest.mark.parametrize("purge_protection", [True, False])
def test_a_sharer_has_the_secrets_and_the_datastores_of_its_own_folder_only(*, purge_protection: bool) -> None:
    found = paths(sharer(GUID, purge_protection=purge_protection))

    assert {path.partition("/")[0] for path in found} == {"secret", "datastores"}
    assert {"secret/data/*", f"datastores/data/{GUID}/*", f"datastores/metadata/{GUID}"} <= found
    assert all(f"/{GUID}" in path for path in found if path.startswith("datastores/") and path != "datastores/config")


def test_a_sharer_can_purge_like_the_owner() -> None:
    for path in ("secret/destroy/*", f"datastores/destroy/{GUID}/*"):
        assert path in paths(sharer(GUID, purge_protection=False))
        assert path not in paths(sharer(GUID, purge_protection=True))
    assert sharer(GUID, purge_protection=True).count("allowed_parameters") == len(("secret", "datastores"))


def test_a_sharers_policy_has_its_own_name() -> None:
    assert sharer_name(GUID) == f"sharer-{GUID}"
