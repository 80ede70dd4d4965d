import pytest

from tests.support.inventory import Inventory, assert_same

BEFORE = Inventory(containers={"c1": "web"}, volumes={"data of monday": "data"}, networks={"n1": "net"})


def test_equal_inventories_are_the_same() -> None:
    assert_same(BEFORE, Inventory(containers={"c1": "web"}, volumes={"data of monday": "data"}, networks={"n1": "net"}))


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        (Inventory(containers={"c2": "vault"}), r"containers \['vault'\]"),
        (Inventory(volumes={"x of today": "x"}), r"volumes \['x'\]"),
        (Inventory(networks={"n2": "rg-demo"}), r"networks \['rg-demo'\]"),
    ],
    ids=["container", "volume", "network"],
)
def test_leftover_of_each_kind_is_named(extra: Inventory, named: str) -> None:
    with pytest.raises(AssertionError, match=f"left over on the engine: {named}"):
        assert_same(Inventory(), extra)


def test_vanished_object_is_named() -> None:
    with pytest.raises(AssertionError, match=r"gone from the engine.*containers \['web'\]"):
        assert_same(BEFORE, Inventory(volumes=BEFORE.volumes, networks=BEFORE.networks))


def test_volume_recreated_under_its_old_name_is_another_volume() -> None:
    after = Inventory(containers=BEFORE.containers, volumes={"data of tuesday": "data"}, networks=BEFORE.networks)

    with pytest.raises(AssertionError, match=r"volumes \['data'\]"):
        assert_same(BEFORE, after)


def test_number_of_objects_counts_every_kind() -> None:
    assert len(BEFORE) == 3


def test_identities_stay_when_something_is_written_into_a_volume_and_change_with_a_container_or_network() -> None:
    written = Inventory(containers={"c1": "web"}, volumes={"data of today": "data"}, networks={"n1": "net"})
    container = Inventory(containers={"c2": "web"}, volumes=BEFORE.volumes, networks=BEFORE.networks)
    network = Inventory(containers=BEFORE.containers, volumes=BEFORE.volumes, networks={"n2": "net"})

    assert written.identities == BEFORE.identities
    assert container.identities != BEFORE.identities != network.identities
