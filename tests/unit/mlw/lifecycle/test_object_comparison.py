"""The engine compared with the state: orphans, lost objects, stopped containers, order of removal."""

from mlw.lifecycle.checkpoints import DockerObject
from mlw.lifecycle.object_comparison import (
    RESERVATION,
    EngineObject,
    compare,
    describe,
    in_removal_order,
    irreplaceable,
)

CONTAINER = EngineObject("container", "c1", "st")
NETWORK = EngineObject("network", "n1", "rg")
VOLUME = EngineObject("volume", "st-data", "st-data")


def known(item: EngineObject) -> DockerObject:
    return DockerObject(item.kind, f"urn:{item.id}", item.id, item.name)


def test_what_the_state_knows_is_no_orphan() -> None:
    comparison = compare([CONTAINER, NETWORK, VOLUME], [known(CONTAINER), known(NETWORK), known(VOLUME)])
    assert (comparison.orphans, comparison.lost, comparison.stopped) == ((), (), ())


def test_an_orphan_volume_is_kept_and_other_orphans_are_removable() -> None:
    comparison = compare([VOLUME, NETWORK, CONTAINER], [])
    assert comparison.removable_orphans == [CONTAINER, NETWORK]
    assert comparison.orphan_volumes == [VOLUME]


def test_a_reservation_is_an_orphan_only_of_a_state_that_has_none() -> None:
    """It holds no data: a killed run's is removed."""
    reserved = EngineObject(RESERVATION, "rg-reservation-1", "rg-reservation-1")
    assert compare([reserved], []).orphans == ()
    comparison = compare([reserved, CONTAINER], [], is_reserved=False)
    assert comparison.removable_orphans == [CONTAINER, reserved]
    assert comparison.orphan_volumes == []


def test_a_container_of_a_known_name_and_another_id_is_an_orphan_and_the_known_one_is_lost() -> None:
    again = EngineObject("container", "c2", "st")
    comparison = compare([again], [known(CONTAINER)])
    assert comparison.orphans == (again,)
    assert comparison.lost == (known(CONTAINER),)


def test_a_volume_and_a_network_of_one_id_are_two_things() -> None:
    comparison = compare([EngineObject("network", "same", "same")], [DockerObject("volume", "urn", "same", "same")])
    assert len(comparison.orphans) == 1
    assert len(comparison.lost) == 1


def test_a_stopped_container_is_known_and_stopped() -> None:
    stopped = EngineObject("container", "c1", "st", running=False)
    comparison = compare([stopped], [known(CONTAINER)])
    assert comparison.stopped == (known(CONTAINER),)
    assert comparison.lost == ()


def test_a_container_that_may_stop_needs_no_repair() -> None:
    stopped = EngineObject("container", "c1", "ci", running=False)
    known_one = DockerObject("container", "urn:c1", "c1", "ci", may_stop=True)

    comparison = compare([stopped], [known_one])

    assert (comparison.orphans, comparison.lost, comparison.stopped) == ((), (), ())


def test_containers_go_before_what_they_use() -> None:
    assert in_removal_order([VOLUME, NETWORK, CONTAINER]) == [CONTAINER, NETWORK, VOLUME]


def test_objects_are_named_by_kind() -> None:
    assert describe([CONTAINER, VOLUME]) == "container 'st', volume 'st-data'"


def _lost(*names: str) -> list[DockerObject]:
    return [DockerObject("volume", f"urn:{name}", name, name) for name in names]


def test_one_drive_of_an_account_is_replaceable_for_each_account() -> None:
    assert irreplaceable(_lost("sta-storage-data1", "stb-storage-data4")) == []


def test_two_drives_of_an_account_and_every_other_volume_are_not_replaceable() -> None:
    lost = _lost("sta-storage-data1", "sta-storage-data2", "cra-registry-data", "sta-storage-config")

    assert irreplaceable([*lost, known(CONTAINER)]) == lost
