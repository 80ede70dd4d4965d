"""Which services a stack has."""

from infra.services import REQUIRED, SERVICES, TRACKING, services_at
from tests.unit.states import a_record, the_outputs


def test_a_stack_has_every_service_that_is_not_optional() -> None:
    assert services_at(the_outputs("dev")["endpoints"]) == list(REQUIRED)
    assert TRACKING not in REQUIRED


def test_an_optional_service_is_there_when_it_has_an_endpoint() -> None:
    optional = {"tracking": "http://127.0.0.1:20008", "inference": "http://127.0.0.1:20009"}
    endpoints = {**the_outputs("dev")["endpoints"], **optional}

    assert services_at(endpoints) == list(SERVICES.values())


def test_a_service_that_the_stack_was_not_updated_for_is_left_out() -> None:
    endpoints = {use: url for use, url in the_outputs("dev")["endpoints"].items() if use != "insights"}

    assert "insightsStore" not in {service.name for service in services_at(endpoints)}


def test_every_service_belongs_to_a_resource_of_the_record() -> None:
    record = a_record("dev")

    assert {service.resource_id(record) for service in SERVICES.values()} == {
        record[key] for key in ("id", "storageAccount", "containerRegistry", "keyVault", "applicationInsights")
    }
