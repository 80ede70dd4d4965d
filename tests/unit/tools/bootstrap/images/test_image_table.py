from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE
from tools.bootstrap.bootstrap_errors import BootstrapError
from tools.bootstrap.images import image_table

REQUIRED = ["minio", "registry", "vault", "collector", "insights"]


def names(services: Iterable[image_table.Service]) -> list[str]:
    return [service.name for service in services]


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of stack files of an empty project."""
    monkeypatch.setattr("infra.host.folders.repo", lambda: tmp_path)
    (tmp_path / "stacks").mkdir()
    return tmp_path / "stacks"


def test_every_workspace_needs_the_images_of_the_five_services(stacks: Path) -> None:
    assert names(image_table.needed(None)) == REQUIRED


@pytest.mark.parametrize(
    ("text", "is_needed"),
    [
        pytest.param("config:\n  ml-workspace:tracking: {}\n", True, id="empty section"),
        pytest.param('config:\n  "ml-workspace:tracking":\n    x: 1\n', True, id="quoted key"),
        pytest.param("config:\n  # ml-workspace:tracking: {}\n", False, id="comment"),
        pytest.param("config:\n  ml-workspace:trackingOther: {}\n", False, id="another section"),
        pytest.param("config:\n  ml-workspace:tags: {tracking: x}\n", False, id="another key"),
    ],
)
def test_an_optional_image_is_needed_by_a_stack_with_its_section(stacks: Path, text: str, *, is_needed: bool) -> None:
    (stacks / "Pulumi.lab.yaml").write_text(text)
    (stacks / "Pulumi.other.yaml").write_text("config: {}\n")

    expected = [*REQUIRED, "tracking"] if is_needed else REQUIRED
    assert names(image_table.needed("lab")) == expected
    assert names(image_table.needed(None)) == expected  # any stack of the project
    assert names(image_table.needed("other")) == REQUIRED
    assert names(image_table.needed("missing")) == REQUIRED


@pytest.mark.parametrize(
    ("entry", "is_needed"),
    [
        pytest.param("[{name: ci-ana, type: ComputeInstance, assignedUser: ana}]", True, id="one line"),
        pytest.param("\n    - name: ci-ana\n      type: 'ComputeInstance'", True, id="several lines"),
        pytest.param("[{name: cpu, type: AmlCompute}]", False, id="a cluster"),
        pytest.param("[{name: cpu, type: AmlCompute}]\n  # type: ComputeInstance", False, id="a comment"),
    ],
)
def test_the_image_of_instances_is_needed_only_by_a_stack_that_has_one(
    stacks: Path, entry: str, *, is_needed: bool
) -> None:
    (stacks / "Pulumi.lab.yaml").write_text(f"config:\n  ml-workspace:computes: {entry}\n")

    assert ("instance" in names(image_table.needed("lab"))) is is_needed


def test_images_are_found_by_name() -> None:
    assert names(image_table.named(["vault", "python"])) == ["vault", "python"]


def test_an_unknown_name_is_rejected_with_the_names_that_exist() -> None:
    with pytest.raises(BootstrapError, match=r"no image 'pyhton'; images: collector, inference, insights, "):
        image_table.named(["vault", "pyhton"])


@pytest.mark.parametrize("service", image_table.load(), ids=lambda service: service.name)
def test_a_service_never_runs_as_root(service: image_table.Service) -> None:
    user, _, group = service.user.partition(":")

    assert int(user) > 0
    assert int(group) > 0


@pytest.mark.parametrize("service", image_table.load(), ids=lambda service: service.name)
def test_a_tag_is_canonical_and_carries_a_version(service: image_table.Service) -> None:
    assert service.image == f"ml-workspace/{service.name}:{service.version}"
    assert service.version not in {"", "latest"}


@pytest.mark.parametrize("service", image_table.load(), ids=lambda service: service.name)
def test_the_official_reference_has_the_version_of_the_tag(service: image_table.Service) -> None:
    assert not service.official or service.official.rpartition(":")[2] == service.version


def test_a_mirror_serves_an_image_under_its_own_name() -> None:
    assert SERVICE.mirrored("mirror.example.org:5000") == "mirror.example.org:5000/ml-workspace/vault:1.21.4"


@pytest.mark.parametrize(
    "mirror",
    ["mirror", "mirror.example.org", "127.0.0.1:5000", "mirror.example.org:5000/team/images", "Mirror.example.org"],
)
def test_an_address_of_a_registry_is_accepted(mirror: str) -> None:
    assert image_table.mirror_problem(mirror) is None


@pytest.mark.parametrize(
    "mirror",
    [
        pytest.param("https://mirror.example.org", id="scheme"),
        pytest.param("mirror.example.org/", id="slash at the end"),
        pytest.param("--help", id="option"),
        pytest.param("mirror example", id="blank"),
        pytest.param("mirror:port", id="port that is no number"),
        pytest.param("mirror\nother", id="newline"),
        pytest.param("user:secret@mirror", id="credentials"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_address_is_refused_with_the_form_and_the_key(mirror: str) -> None:
    problem = image_table.mirror_problem(mirror)

    assert problem is not None
    assert repr(mirror) in problem
    assert "HOST:PORT" in problem
    assert "MLW_IMAGE_REGISTRY" in problem


def test_a_row_keeps_its_folders_in_order(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text(
        '[one]\nimage = "ml-workspace/one:1"\nofficial = ""\nbinary = "/one"\nuser = "1:1"\nfolders = ["/b", "/a"]\n'
    )

    (service,) = image_table.load(file)

    assert service.folders == ("/b", "/a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("config:\n  ml-workspace:imageRegistry: mirror:5000\n", "mirror:5000", id="plain"),
        pytest.param('config:\n  "ml-workspace:imageRegistry": "mirror/a"  # ours\n', "mirror/a", id="quoted"),
        pytest.param("config: \n  # ml-workspace:imageRegistry: mirror\n", None, id="commented out"),
        pytest.param("config:\n  ml-workspace:imageRegistry:\n  ml-workspace:workload: x\n", None, id="empty"),
        pytest.param("config:\n  ml-workspace:workload: churn\n", None, id="absent"),
    ],
)
def test_the_mirror_of_a_stack_is_read_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str | None
) -> None:
    monkeypatch.setattr("infra.host.folders.repo", lambda: tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.lab.yaml").write_text(text)

    assert image_table.configured_mirror("lab") == expected


@pytest.mark.parametrize("stack", ["none", "../stacks/Pulumi.dev", ""], ids=["no file", "path", "empty"])
def test_a_stack_without_a_file_has_no_mirror(stack: str) -> None:
    assert image_table.configured_mirror(stack) is None
