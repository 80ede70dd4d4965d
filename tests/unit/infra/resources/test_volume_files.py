"""Files on a volume: which changes replace a container, and how live files are written."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.clients.engine import volume_writer
from infra.resources.resource import Props
from infra.resources.volume_files import VolumeFilesProvider

PROPS: Props = {
    "volume": "cr-registry-config",
    "files": {"start.sh": "run"},
    "live_files": {"htpasswd": "admin:1"},
    "image_id": "sha256:1",
    "user": "1000:1000",
    "labels": {"ml-workspace.stack": "dev"},
}


@dataclass
class Written:
    """What the provider wrote, in order."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    def write(self, volume: str, files: dict[str, bytes], live_files: dict[str, bytes], **others: Any) -> None:  # noqa: ANN401
        self.calls.append({"volume": volume, "files": files, "live_files": live_files, **others})


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    recorded = Written()
    monkeypatch.setattr(volume_writer, "write", recorded.write)
    return recorded


def test_a_change_of_a_live_file_is_written_and_replaces_no_container(written: Written) -> None:
    provider, changed = VolumeFilesProvider(), {**PROPS, "live_files": {"htpasswd": "admin:2"}}
    made = provider.create(PROPS)

    assert made.outs is not None
    assert provider.diff("id", made.outs, changed).changes
    updated = provider.update("id", made.outs, changed)

    assert updated.outs is not None
    assert updated.outs["digest"] == made.outs["digest"]
    assert written.calls[-1]["live_files"] == {"htpasswd": b"admin:2"}
    # The engine would remove them for a moment, under a service that may watch them.
    assert written.calls[-1]["files"] == {}


def test_a_change_of_any_other_file_replaces_the_container(written: Written) -> None:
    provider = VolumeFilesProvider()
    made = provider.create(PROPS)
    updated = provider.update("id", made.outs or {}, {**PROPS, "files": {"start.sh": "walk"}})

    assert (updated.outs or {})["digest"] != (made.outs or {})["digest"]
    assert [call["files"] for call in written.calls] == [{"start.sh": b"run"}, {"start.sh": b"walk"}]


@pytest.mark.parametrize(("key", "value"), [("user", "1001:1001"), ("volume", "cr-other-config")])
def test_another_owner_and_another_volume_get_all_files(key: str, value: str, written: Written) -> None:
    provider = VolumeFilesProvider()
    made = provider.create(PROPS)
    provider.update("id", made.outs or {}, {**PROPS, key: value})

    assert written.calls[-1]["files"] == {"start.sh": b"run"}


def test_live_files_that_a_service_may_be_reading_are_replaced_in_one_step(written: Written) -> None:
    provider = VolumeFilesProvider()
    provider.create(PROPS)
    provider.update("id", PROPS, PROPS)

    assert [call["in_use"] for call in written.calls] == [False, True]
    assert {call["owner"] for call in written.calls} == {(1000, 1000)}


def test_files_of_a_stack_that_had_no_live_ones_are_changed(written: Written) -> None:
    olds = {key: value for key, value in PROPS.items() if key != "live_files"}

    assert VolumeFilesProvider().diff("id", olds, PROPS).changes
    assert not written.calls
