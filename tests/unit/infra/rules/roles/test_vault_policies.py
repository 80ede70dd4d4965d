"""Policies of the key vault as text."""

import pytest

from infra.rules.roles.vault_policies import MAX_VERSIONS, administrator, hcl, principal_policy_name

PURGES = ('path "secret/destroy/*"', 'path "datastores/destroy/*"', 'path "principals/destroy/*"')


def test_a_policy_lists_paths_and_capabilities() -> None:
    assert hcl({"secret/data/*": ["read", "list"]}) == (
        'path "secret/data/*" {\n  capabilities = ["read", "list"]\n}\n'
    )


def test_allowed_parameters_stand_with_their_path_only() -> None:
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
