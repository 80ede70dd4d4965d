"""Where a restored stack goes: its names follow from its stack file."""

from pathlib import Path

import pytest

from infra.rules.violation import ConfigurationError
from mlw.archive import placement
from mlw.archive.contents import Contents, Manifest
from mlw.lifecycle.stack_context import Context
from tests.unit.states import a_context, write

MANIFEST = Manifest(stack="dev", stack_id="i", made="2026-01-01", made_by="me", folders={})
BASE = """config:
  ml-workspace:workload: churn
  ml-workspace:tags: {owner: a@example.org, cost-center: "4711", project: churn}
"""
ADDITIONAL = "  ml-workspace:additionalStorageAccounts: [{name: %s}, {name: %s}]\n"


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    context = a_context(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", context.backend_url)
    return context


def contents(text: str, **names: str) -> Contents:
    resources = {key.replace("__", "/"): {"properties": {"name": name}} for key, name in names.items()}
    guard = {"type": "ml-workspace:guards:ChangeGuard", "inputs": {"resources": resources}}
    return Contents(manifest=MANIFEST, state={"deployment": {"resources": [guard]}}, stack_file=text)


def test_names_that_follow_from_the_instance_change_with_it(context: Context) -> None:
    write(context.stack_file, f'{BASE}  ml-workspace:instance: "002"\n'.encode())
    given = contents(BASE, resourceGroup="rg-churn-dev-westeurope-001", workspace="mlw-own")

    assert placement.new_names(context, given) == {
        "rg-churn-dev-westeurope-001": "rg-churn-dev-westeurope-002",
        "mlw-own": "mlw-churn-dev-westeurope-002",
    }


def test_additional_accounts_are_found_again_by_their_place(context: Context) -> None:
    """By their names in order, the data of one would get the name of the other."""
    write(context.stack_file, (BASE + ADDITIONAL % ("stzero", "stnine")).encode())
    given = contents(
        BASE + ADDITIONAL % ("stalpha", "stbeta"),
        additionalStorageAccounts__stbeta="stbeta",
        additionalStorageAccounts__stalpha="stalpha",
    )

    assert placement.new_names(context, given) == {"stbeta": "stnine", "stalpha": "stzero"}


def test_a_stack_file_that_breaks_rules_is_refused(context: Context) -> None:
    write(context.stack_file, b"config:\n  ml-workspace:workload: churn\n")

    with pytest.raises(ConfigurationError, match="is not valid"):
        placement.new_names(context, contents(BASE))
