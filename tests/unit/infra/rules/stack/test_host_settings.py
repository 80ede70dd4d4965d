import pytest

from infra.rules.stack.host_settings import check_image_registry, check_port_range


@pytest.mark.parametrize(("first", "last"), [(1024, 1029), (65530, 65535), (20000, 29999), (1024, 65535)])
def test_port_range_passes(first: int, last: int) -> None:
    assert check_port_range({"first": first, "last": last}) == []


@pytest.mark.parametrize(
    ("ports", "key", "cause"),
    [
        ({"first": 1023}, "portRange.first", "out of range"),
        ({"last": 65536}, "portRange.last", "out of range"),
        ({"first": -1}, "portRange.first", "out of range"),
        ({"first": 20000, "last": 20003}, "portRange", "has 4 ports, but a workspace needs 6"),
        ({"first": 20000, "last": 19999}, "portRange", "ends before it starts"),
        ({"first": 30000}, "portRange", "ends before it starts"),
    ],
    ids=str,
)
def test_port_range_is_refused(ports: dict[str, int], key: str, cause: str) -> None:
    (violation,) = check_port_range(ports)

    assert violation.key == key
    assert cause in violation.message


def test_every_additional_account_needs_its_own_port() -> None:
    assert check_port_range({"first": 20000, "last": 20004}, needed=5) == []
    assert "needs 6" in check_port_range({"first": 20000, "last": 20004}, needed=6)[0].message


@pytest.mark.parametrize(
    "reference",
    ["localhost:5000", "mirror.example.org", "mirror.example.org/ml/images", "10.0.0.1:5000/a", "[::1]:5000", "reg"],
)
def test_mirror_passes(reference: str) -> None:
    assert check_image_registry(reference) == []


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "https://mirror.example.org",
        "mirror.example.org/",
        "mirror/ML",
        "a b",
        "mirror:99999",
        "mirror:0",
        "-a",
        "a:b",
    ],
)
def test_other_mirror_is_refused(reference: str) -> None:
    assert "host[:port][/path]" in check_image_registry(reference)[0].message


def test_credentials_in_a_mirror_are_not_shown() -> None:
    (violation,) = check_image_registry("me:hunter2@mirror.example.org")

    assert "hunter2" not in violation.message
