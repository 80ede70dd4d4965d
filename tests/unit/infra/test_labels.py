"""Identity labels."""

import pytest

from infra import labels


def test_two_backends_have_different_ids() -> None:
    assert labels.backend_id("file:///a") != labels.backend_id("file:///b")


def test_backend_id_is_twelve_hexadecimal_digits_and_stable() -> None:
    assert labels.backend_id("file:///a") == labels.backend_id("file:///a")
    assert len(labels.backend_id("file:///a")) == 12
    assert int(labels.backend_id("file:///a"), 16) >= 0


def test_backend_id_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///a")

    assert labels.backend_id() == labels.backend_id("file:///a")


@pytest.mark.parametrize(
    ("stack", "backend", "mine"),
    [
        pytest.param("dev", "b1", True, id="same stack of the same backend"),
        pytest.param("prod", "b1", False, id="another stack"),
        pytest.param("dev", "b2", False, id="a stack of the same name in another backend"),
    ],
)
def test_an_object_belongs_to_one_stack_of_one_backend(stack: str, backend: str, *, mine: bool) -> None:
    found = {labels.STACK: "dev", labels.BACKEND: "b1", labels.RESOURCE_ID: "/x"}

    assert labels.belongs_to(found, stack=stack, backend=backend) is mine


def test_an_object_without_labels_is_foreign() -> None:
    assert not labels.belongs_to({}, stack="dev", backend="b1")
