"""Settings on the command line: keys as in messages, values as in YAML, strings without quotes."""

import pytest

from mlw.provisioning.setting_arguments import SettingError, apply_settings
from tests.unit.states import VALID


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("instance=002", '  ml-workspace:instance: "002"'),
        ("ml-workspace:tls=true", "  ml-workspace:tls: true"),
        ("storageAccount.sku=Standard_GRS", "  ml-workspace:storageAccount: {sku: Standard_GRS}"),
        ("storageAccount.deleteRetentionDays=30", "  ml-workspace:storageAccount: {deleteRetentionDays: 30}"),
        ("workspace.tags.cost-center=0815", '  ml-workspace:workspace: {tags: {cost-center: "0815"}}'),
        ("workspace.tags.example.org/team=ml", "  ml-workspace:workspace: {tags: {example.org/team: ml}}"),
        ("datastores=[{name: a, type: AzureBlob}]", "  ml-workspace:datastores: [{name: a, type: AzureBlob}]"),
        ("keyVault.nosuch=1", "  ml-workspace:keyVault: {nosuch: 1}"),
    ],
)
def test_a_key_is_added_with_a_value_of_its_type(argument: str, line: str) -> None:
    assert apply_settings(VALID, given=[argument]) == f"{VALID}{line}\n"


def test_tags_and_removals_edit_in_place() -> None:
    edited = apply_settings(VALID, tags=["owner=b@example.org", "team=ml=1"], removed=["tags.project"])

    expected = VALID.replace("a@example.org", "b@example.org").replace(", project: churn}", ', team: "ml=1"}')
    assert edited == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"given": ["tls"]}, r"reading --set 'tls': it has no '='\. Write --set KEY=VALUE\."),
        ({"tags": ["=x"]}, r"reading --tags '=x': it has no '='\. Write --tags KEY=VALUE\."),
        ({"given": ["tls=[1"]}, r"reading --set 'tls=\[1': its value is "),
        (
            {"given": ["workload.x=1"]},
            r"applying '--set workload.x=1' to the stack file: '.*workload' is not a mapping",
        ),
        ({"given": ["datastores[3].name=a"]}, r"applying '--set datastores\[3\].name=a' to the stack file: it has no "),
        ({"given": ["[0]=1"]}, r"reading the key '\[0\]': it is empty at "),
        ({"removed": [""]}, r"reading the key '': it is empty"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_applied_is_an_error(arguments: dict[str, list[str]], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        apply_settings(VALID, **arguments)
