"""The pack's analyzer calls policies only for types that have rules, and is the one that the SDK serves.

It derives from a private class of the SDK: a release that changes it fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, policy

from infra.rules.policy import assignments_file
from infra.rules.resources.component_types import COMPONENT_TYPES, KEY_VAULT
from policies import pack
from tests.policy.cases import COMPLIANT

ASSIGNMENTS = Path(__file__).parent / "engine" / "assignments.yaml"
CONTAINER = "docker:index/container:Container"


class Served(Exception):
    """Carries the served object; raised to end the serving, which never ends by itself."""


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The SDK; its servicer is restored afterwards."""
    monkeypatch.setattr(policy, "_PolicyAnalyzerServicer", policy._PolicyAnalyzerServicer)
    return monkeypatch


@pytest.fixture
def assignments(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Assignments of the tests, not those of whoever uses this checkout."""
    monkeypatch.setattr(assignments_file, "ASSIGNMENTS_FILE", ASSIGNMENTS)
    assignments_file.read_assignments.cache_clear()
    yield
    assignments_file.read_assignments.cache_clear()


def request(type_token: str, props: dict[str, object]) -> proto.AnalyzeRequest:
    made = proto.AnalyzeRequest(type=type_token, name="one", urn=f"urn:{type_token}::one")
    made.properties.update(props)
    return made


def analyzer(*policies: policy.Policy) -> pack.Analyzer:
    return pack.Analyzer(pack.NAME, "0.0.1", list(policies), EnforcementLevel.MANDATORY)


@pytest.mark.parametrize("token", [*COMPONENT_TYPES, CONTAINER])
def test_policies_are_called_for_components_only(token: str) -> None:
    asked: list[str] = []
    curious = ResourceValidationPolicy(
        name="curious", description="Sees all.", validate=lambda args, _report: asked.append(args.resource_type)
    )

    analyzer(curious).Analyze(request(token, {"name": "one"}), None)

    assert asked == ([token] if token in COMPONENT_TYPES else [])


@pytest.mark.usefixtures("assignments")
def test_a_violation_is_reported_under_the_rule_s_own_name() -> None:
    broken = COMPLIANT[KEY_VAULT] | {"sku": "gold"}

    response = analyzer(*pack.policies()).Analyze(request(KEY_VAULT, broken), None)

    assert [found.policyName for found in response.diagnostics] == ["key-vault-limit-sku"]


@pytest.mark.parametrize("token", [KEY_VAULT, CONTAINER])
def test_no_resource_is_changed(token: str) -> None:
    assert not analyzer(*pack.policies()).Remediate(request(token, {"name": "one"}), None).remediations


def test_the_sdk_serves_the_pack_s_analyzer(sdk: pytest.MonkeyPatch) -> None:
    def end(servicer: object, _server: object) -> None:
        raise Served(servicer)

    sdk.setattr(analyzer_pb2_grpc, "add_AnalyzerServicer_to_server", end)

    with pytest.raises(Served) as served:
        pack.serve()

    assert isinstance(served.value.args[0], pack.Analyzer)
