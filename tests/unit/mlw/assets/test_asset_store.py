"""Versions of assets: created once, never changed, found, archived, deleted and restored."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.clients.storage.blob_files import BlobForbiddenError
from mlw.assets import asset_records
from mlw.assets.asset_errors import (
    AssetError,
    AssetExistsError,
    AssetForbiddenError,
    AssetNameError,
    AssetNotFoundError,
)
from mlw.assets.asset_references import AssetKind, AssetReference
from mlw.assets.asset_store import AssetStore
from tests.support.memory_documents import MemoryDocuments

DATA = AssetKind.DATA


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every record is a second younger than the one before."""
    seconds = iter(range(10_000, 99_999))
    monkeypatch.setattr(asset_records, "now", lambda: f"2026-11-30T{next(seconds)}Z")


def versions(store: AssetStore, name: str, view: str = "active") -> list[str]:
    return [one.version for one in store.list(DATA, name, view)]  # type: ignore[arg-type]


def test_without_a_version_the_next_number_is_taken(store: AssetStore) -> None:
    store.create(DATA, "iris", "7", {"path": "a"})
    store.create(DATA, "iris", "beta", {"path": "b"})

    made = store.create(DATA, "iris", None, {"path": "a"})

    assert (made.version, made.reference, made.created_by) == ("8", "azureml:iris:8", "dora")
    assert store.create(DATA, "wine", None, {}).version == "1"


def test_the_same_content_again_changes_nothing(store: AssetStore, blobs: MemoryDocuments) -> None:
    first = store.create(DATA, "iris", "1", {"path": "a", "type": "uri_file", "description": "x"})
    writes = blobs.writes

    again = store.create(DATA, "iris", "1", {"type": "uri_file", "path": "a", "description": "y"})

    assert (again, blobs.writes) == (first, writes)


def test_other_content_under_a_version_proposes_the_next_one(store: AssetStore) -> None:
    store.create(DATA, "iris", "1", {"path": "a"})

    with pytest.raises(AssetExistsError, match=r"exists with other content.*Set the version to '2'"):
        store.create(DATA, "iris", "1", {"path": "b"})

    assert store.get(DATA, "iris", "1").document == {"path": "a"}


def test_writers_at_the_same_time_get_different_numbers(store: AssetStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: store.create(DATA, "iris", None, {"path": str(number)}), range(24)))

    assert sorted(int(one.version) for one in made) == list(range(1, 25))
    assert all(store.get(DATA, "iris", one.version).document == one.document for one in made)


def test_the_latest_version_is_the_last_one_created_that_is_not_archived(store: AssetStore) -> None:
    for version in ("3", "1", "2"):
        store.create(DATA, "iris", version, {"path": version})
    before = store.resolve(DATA, AssetReference("iris")).version
    store.archive(DATA, "iris", "2")

    assert (before, store.latest(DATA, "iris").version) == ("2", "1")
    assert store.resolve(DATA, AssetReference("iris", "2")).is_archived


def test_lists_show_the_latest_of_every_asset_or_all_versions_of_one(store: AssetStore) -> None:
    for name, version in (("wine", "1"), ("iris", "1"), ("iris", "2")):
        store.create(DATA, name, version, {})
    store.create(AssetKind.COMPONENT, "train", "1", {})
    store.archive(DATA, "wine")

    assert [one.reference for one in store.list(DATA)] == ["azureml:iris:2"]
    assert [one.reference for one in store.list(DATA, view="all")] == ["azureml:iris:2", "azureml:wine:1"]
    assert [one.reference for one in store.list(DATA, view="archived")] == ["azureml:wine:1"]
    assert versions(store, "iris") == ["2", "1"]


def test_a_deleted_version_can_be_restored_and_keeps_its_number_until_it_is_swept(store: AssetStore) -> None:
    store.create(DATA, "iris", "1", {"path": "a"})
    store.create(DATA, "iris", "2", {"path": "b"})
    store.delete(DATA, "iris", "2")
    gone = versions(store, "iris"), versions(store, "iris", "deleted"), store.create(DATA, "iris", None, {}).version

    with pytest.raises(AssetNotFoundError, match=r"version '2'.*was deleted. `mlw data restore`"):
        store.get(DATA, "iris", "2")
    with pytest.raises(AssetExistsError, match=r"was deleted and can still be restored.*next version is '4'"):
        store.create(DATA, "iris", "2", {"path": "b"})
    (restored,) = store.restore(DATA, "iris", "2")

    assert gone == (["1"], ["2"], "3")
    assert (restored.document, restored.deleted_on) == ({"path": "b"}, "")
    assert (versions(store, "iris"), versions(store, "iris", "deleted")) == (["3", "2", "1"], [])


def test_sweeping_removes_what_was_deleted_before_a_time(store: AssetStore) -> None:
    for version in ("1", "2"):
        store.create(DATA, "iris", version, {})
    (first,) = store.delete(DATA, "iris", "1")
    (second,) = store.delete(DATA, "iris", "2")

    swept = store.sweep(DATA, before=second.deleted_on)

    assert [one.version for one in swept] == [first.version]
    assert versions(store, "iris", "deleted") == ["2"]
    assert store.create(DATA, "iris", "1", {"path": "new"}).version == "1"


def test_an_interrupted_deletion_or_restore_leaves_a_version_that_is_there(
    store: AssetStore, blobs: MemoryDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(DATA, "iris", "1", {"path": "a"})
    with monkeypatch.context() as patch:
        patch.setattr(blobs, "delete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store.delete(DATA, "iris", "1")

    assert (versions(store, "iris"), versions(store, "iris", "deleted")) == (["1"], [])
    store.delete(DATA, "iris", "1")
    assert (versions(store, "iris"), versions(store, "iris", "deleted")) == ([], ["1"])


def test_all_versions_of_an_asset_are_archived_deleted_and_restored_together(store: AssetStore) -> None:
    for version in ("1", "2"):
        store.create(DATA, "iris", version, {})
    store.archive(DATA, "iris")
    archived = versions(store, "iris"), versions(store, "iris", "archived")
    store.delete(DATA, "iris")
    store.restore(DATA, "iris")

    assert archived == ([], ["2", "1"])
    assert versions(store, "iris") == ["2", "1"]


def test_description_and_tags_can_be_changed_and_nothing_else(store: AssetStore) -> None:
    made = store.create(DATA, "iris", "1", {"path": "a", "tags": {"a": "1"}})

    changed = store.update(DATA, "iris", "1", description="Measured by hand.", tags={"b": "2"})

    assert store.get(DATA, "iris", "1") == changed
    assert changed.document == {"path": "a", "tags": {"b": "2"}, "description": "Measured by hand."}
    assert (changed.digest, changed.created_on) == (made.digest, made.created_on)


def test_changes_at_the_same_time_are_all_kept(store: AssetStore) -> None:
    store.create(DATA, "iris", "1", {})

    with ThreadPoolExecutor(4) as pool:
        tagging = pool.submit(store.update, DATA, "iris", "1", tags={"a": "1"})
        describing = pool.submit(store.update, DATA, "iris", "1", description="x")
        archiving = pool.submit(store.archive, DATA, "iris", "1")
        for one in (tagging, describing, archiving):
            one.result()

    found = store.get(DATA, "iris", "1")
    assert (found.document, found.is_archived) == ({"tags": {"a": "1"}, "description": "x"}, True)


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("iris", "9", "looking for version '9' of data 'iris': no such version. Versions: 1."),
        ("irsi", "1", "no such data in this workspace. Did you mean 'iris'?"),
    ],
    ids=["version", "name"],
)
def test_what_is_missing_is_said_with_what_there_is(store: AssetStore, name: str, version: str, message: str) -> None:
    store.create(DATA, "iris", "1", {})

    with pytest.raises(AssetNotFoundError) as raised:
        store.get(DATA, name, version)

    assert message in str(raised.value)


def test_the_latest_of_archived_versions_names_them(store: AssetStore) -> None:
    store.create(DATA, "iris", "1", {})
    store.archive(DATA, "iris")

    with pytest.raises(AssetNotFoundError, match=r"all of its versions are archived. Name one of them: 1"):
        store.latest(DATA, "iris")


def test_names_that_lead_elsewhere_are_rejected_before_any_request(store: AssetStore, blobs: MemoryDocuments) -> None:
    for name, version in (("../environment/x", "1"), ("iris", "../2"), ("", "1")):
        with pytest.raises(AssetNameError, match="is not valid"):
            store.create(DATA, name, version, {})

    assert not blobs.blobs


def test_a_damaged_record_and_missing_rights_are_one_message(
    store: AssetStore, blobs: MemoryDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs.create("azureml", "assets/data/iris/1.json", b'{"kind": "data"}')
    with pytest.raises(AssetError, match=r"'assets/data/iris/1.json' in container 'azureml' is not the record"):
        store.get(DATA, "iris", "1")

    monkeypatch.setattr(blobs, "create", lambda *_, **__: (_ for _ in ()).throw(BlobForbiddenError("AccessDenied")))
    with pytest.raises(AssetForbiddenError, match="creating version '2' of data 'iris': the role does not allow it"):
        store.create(DATA, "iris", "2", {})
