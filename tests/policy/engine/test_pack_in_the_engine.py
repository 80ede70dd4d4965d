"""The pack in the real engine: it blocks with and without a preview, and accepts compliant resources."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.host.environment import additions
from infra.rules.resources import component_types as r
from tests.policy.cases import COMPLIANT, GROUP
from tests.support.processes import Finished, run

PROGRAM = Path(__file__).parent / "program"
ASSIGNMENTS = Path(__file__).parent / "assignments.yaml"
ROOT = Path(__file__).parents[3]
STACK = "probe"

Component = tuple[str, str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Probe:
    """The program in its own folder, with its own state backend."""

    folder: Path
    variables: dict[str, str]

    def pulumi(self, *arguments: str, components: list[Component] | None = None) -> Finished:
        variables = self.variables | {"COMPONENTS": json.dumps(components or [])}
        command = ["pulumi", *arguments, "--stack", STACK, "--non-interactive", "--color", "never"]
        return run(command, cwd=self.folder, env=variables)

    def registered(self) -> list[str]:
        """Types of all resources in the state."""
        state = json.loads(self.pulumi("stack", "export").check().stdout)
        return [resource["type"] for resource in state["deployment"].get("resources", [])]


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    """A stack of the probing program; removed at the end."""
    folder = tmp_path / "program"
    shutil.copytree(PROGRAM, folder)
    (tmp_path / "state").mkdir()
    outer = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    variables = outer | additions(outer)
    variables.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    variables |= {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "probe",
        "PULUMI_OPTION_POLICY_PACK": str(_pack(tmp_path / "pack")),
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{variables['PATH']}",
    }
    made = Probe(folder, variables)
    made.pulumi("stack", "init").check()
    yield made
    made.pulumi("stack", "rm", "--force", "--yes").check()


def _pack(folder: Path) -> Path:
    """The policy pack with the rules of this checkout, and the assignments of these tests."""
    policies = folder / "policies"
    shutil.copytree(ROOT / "policies", policies, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ASSIGNMENTS, policies / "assignments.yaml")
    for name in ("infra", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    return policies


def component(type_token: str, name: str, **changed: object) -> Component:
    return type_token, name, COMPLIANT[type_token] | changed


def test_compliant_components_pass_preview_and_update(probe: Probe) -> None:
    components = [component(type_token, f"c{index}") for index, type_token in enumerate(COMPLIANT)]

    preview = probe.pulumi("preview", components=components).check()
    probe.pulumi("up", "--yes", "--skip-preview", components=components).check()

    assert "violation" not in preview.output.lower()
    assert set(COMPLIANT) <= set(probe.registered())


def test_preview_reports_all_violations_of_a_resource(probe: Probe) -> None:
    broken = component(r.KEY_VAULT, "vault", sku="gold", softDeleteRetentionInDays=5, tags={"owner": "x"})

    preview = probe.pulumi("preview", components=[broken])

    assert preview.exit_code != 0
    assert "[mandatory]  key-vault-limit-sku" in preview.output
    assert (
        "key vault 'kv-churn': keyVault.softDeleteRetentionInDays is 5: outside the range of a key vault's soft "
        "delete; allowed: 7-90 days" in preview.output
    )
    assert "required tag 'project'" in preview.output
    assert "assignment 'organization-rules' at management group 'ml-workspace'" in preview.output


def test_violation_blocks_an_update_without_preview_and_nothing_of_it_is_registered(probe: Probe) -> None:
    broken = component(r.STORAGE_ACCOUNT, "storage", isHnsEnabled=True)

    update = probe.pulumi("up", "--yes", "--skip-preview", components=[broken])

    assert update.exit_code != 0
    assert "storage-account-limit-hierarchical-namespace" in update.output
    assert r.STORAGE_ACCOUNT not in probe.registered()


def test_value_unknown_in_preview_is_evaluated_in_the_update(probe: Probe) -> None:
    unknown = component(r.STORAGE_ACCOUNT, "storage", sku="unknown:Premium_LRS")

    preview = probe.pulumi("preview", components=[unknown]).check()
    update = probe.pulumi("up", "--yes", components=[unknown])

    assert "can't run policy 'storage-account-limit-sku'" in " ".join(preview.output.split())
    assert update.exit_code != 0
    assert "storageAccount.sku is 'Premium_LRS'" in update.output
    assert r.STORAGE_ACCOUNT not in probe.registered()


def test_component_without_its_properties_is_rejected(probe: Probe) -> None:
    preview = probe.pulumi("preview", components=[(r.CONTAINER_REGISTRY, "registry", {})])

    assert preview.exit_code != 0
    assert "containerRegistry.adminUserEnabled: missing" in preview.output


def test_audited_rule_warns_and_does_not_block(probe: Probe) -> None:
    identity = GROUP.replace("rg-churn-dev-001", "rg-churn-prod-001") + "/providers/Microsoft.KeyVault/vaults/kv-churn"
    audited = component(r.KEY_VAULT, "vault", enablePurgeProtection=False, resourceId=identity)

    preview = probe.pulumi("preview", components=[audited]).check()

    assert "[advisory]" in preview.output
    assert "assignment 'production-advice' at resource group 'rg-*-prod-*'" in preview.output
