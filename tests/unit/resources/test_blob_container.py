"""Containers of an account that several workspaces may use, against a made-up account."""

from typing import Any, ClassVar

import pytest

from infra.resources import blob_container
from infra.resources.blob_container import _BlobContainerProvider

PROPS: dict[str, Any] = {
    "endpoint": "http://127.0.0.1:1",
    "access_key": "key",
    "secret_key": "secret",
    "container_name": "features",
    "versioned": True,
    "tags": {},
}


class _FakeStore:
    """An account that knows its containers' names."""

    buckets: ClassVar[set[str]]

    def __init__(self, *_: str) -> None:
        """Like the real one, without a connection."""

    def ensure_bucket(self, name: str, *, versioned: bool) -> bool:
        made = name not in _FakeStore.buckets
        _FakeStore.buckets.add(name)
        return made and versioned

    def set_bucket_tags(self, name: str, tags: dict[str, str]) -> None:
        assert name in _FakeStore.buckets
        assert tags == {}

    def describe_bucket(self, name: str) -> tuple[bool, dict[str, str]] | None:
        return (True, {}) if name in _FakeStore.buckets else None

    def delete_bucket_if_empty(self, name: str) -> None:
        _FakeStore.buckets.discard(name)


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    _FakeStore.buckets = set()
    monkeypatch.setattr(blob_container, "ObjectStore", _FakeStore)
    return _FakeStore.buckets


def _create(**changed: object) -> dict[str, Any]:
    outs = _BlobContainerProvider().create({**PROPS, **changed}).outs
    assert outs is not None
    return outs


def _update(olds: dict[str, Any], **changed: object) -> dict[str, Any]:
    outs = _BlobContainerProvider().update("features", olds, {**PROPS, **changed}).outs
    assert outs is not None
    return outs


def test_a_container_that_was_made_goes_with_its_resource(buckets: set[str]) -> None:
    outs = _update(_create())

    _BlobContainerProvider().delete("features", outs)

    assert buckets == set()


def test_a_container_that_was_there_before_stays(buckets: set[str]) -> None:
    buckets.add("features")
    outs = _update(_create())

    _BlobContainerProvider().delete("features", outs)

    assert buckets == {"features"}


def test_a_datastore_with_another_container_looks_at_that_one_and_leaves_the_first(buckets: set[str]) -> None:
    outs = _update(_create(), container_name="labels")

    provider = _BlobContainerProvider()
    assert provider.observe("features", outs).id == "features"
    provider.delete("features", outs)
    assert buckets == {"features"}
    assert provider.observe("features", outs).id is None
