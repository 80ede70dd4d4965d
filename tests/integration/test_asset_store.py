"""Assets in a real storage account: its conditions decide between writers, its policies about rights."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker import DockerClient

from infra.clients.storage.conditional_documents import ConditionalDocuments
from infra.clients.storage.storage_admin import StorageAdmin, User
from infra.rules.roles.role_definitions import BUILT_IN, find_role
from infra.rules.roles.role_permissions import storage_policy
from mlw.assets.asset_errors import AssetExistsError, AssetForbiddenError
from mlw.assets.asset_references import AssetKind
from mlw.assets.asset_store import AssetStore
from tests.support.connections import to_storage
from tests.support.object_store import s3_client
from tests.support.storage_container import ROOT, SECRET, running_storage

CONTAINER = "azureml"
ROLES = {"contributor": "Contributor", "reader": "Reader"}
DATA = AssetKind.DATA


@pytest.fixture(scope="module")
def endpoint(engine: DockerClient) -> Iterator[str]:
    with running_storage(engine) as address:
        keys = {"accessKey": ROOT, "secretKey": SECRET}
        client = s3_client({"endpoints": {"storage": address}, "credentials": {"storage": keys}})
        client.create_bucket(Bucket=CONTAINER)
        client.put_bucket_versioning(Bucket=CONTAINER, VersioningConfiguration={"Status": "Enabled"})
        users = []
        for name, role in ROLES.items():
            found = find_role(role, BUILT_IN)
            policy = storage_policy(found.operations) if found else None
            users.append(User(access_key=name, secret_key=SECRET, policy=policy or {}))
        StorageAdmin(to_storage(address, ROOT, SECRET)).put_users(users)
        yield address


def store_of(endpoint: str, user: str = ROOT) -> AssetStore:
    return AssetStore(to_storage(endpoint, user, SECRET), CONTAINER, user=user)


def test_writers_at_the_same_time_never_overwrite_each_other(endpoint: str) -> None:
    stores = [store_of(endpoint) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda at: stores[at % 6].create(DATA, "race", None, {"path": str(at)}), range(18)))

    assert sorted(int(one.version) for one in made) == list(range(1, 19))
    assert all(stores[0].get(DATA, "race", one.version).document == one.document for one in made)
    with pytest.raises(AssetExistsError, match="Set the version to '19'"):
        stores[0].create(DATA, "race", "1", {"path": "other"})


def test_a_document_is_created_once_and_replaced_only_as_it_was_read(endpoint: str) -> None:
    documents = ConditionalDocuments(to_storage(endpoint, ROOT, SECRET))
    created = documents.create(CONTAINER, "d", b"1"), documents.create(CONTAINER, "d", b"2")
    read = documents.read(CONTAINER, "d")
    assert read is not None
    replaced = [documents.replace(CONTAINER, "d", content, revision=read.revision) for content in (b"3", b"4")]
    missing = documents.replace(CONTAINER, "none", b"5", revision=read.revision), documents.read(CONTAINER, "none")

    found = documents.read(CONTAINER, "d")
    assert (created, replaced, missing, found and found.content) == ((True, False), [True, False], (False, None), b"3")


def test_changes_at_the_same_time_are_all_kept(endpoint: str) -> None:
    store = store_of(endpoint)
    store.create(DATA, "shared", "1", {"path": "a"})

    with ThreadPoolExecutor(2) as pool:
        changes = [pool.submit(store.update, DATA, "shared", "1", tags={"a": "1"})]
        changes.append(pool.submit(store_of(endpoint).update, DATA, "shared", "1", description="x"))
        for one in changes:
            one.result()

    assert store.get(DATA, "shared", "1").document == {"path": "a", "tags": {"a": "1"}, "description": "x"}


def test_a_deleted_version_comes_back(endpoint: str) -> None:
    store = store_of(endpoint)
    store.create(DATA, "lost", "1", {"path": "a"})
    store.delete(DATA, "lost", "1")
    gone = store.list(DATA, "lost"), [one.version for one in store.list(DATA, "lost", "deleted")]
    store.restore(DATA, "lost", "1")

    assert gone == ([], ["1"])
    assert store.get(DATA, "lost", "1").document == {"path": "a"}


def test_a_reader_reads_and_a_contributor_writes(endpoint: str) -> None:
    store_of(endpoint, "contributor").create(DATA, "rights", "1", {"path": "a"})
    reader = store_of(endpoint, "reader")

    assert reader.get(DATA, "rights", "1").created_by == "contributor"
    for forbidden in (
        lambda: reader.create(DATA, "rights", "2", {}),
        lambda: reader.archive(DATA, "rights", "1"),
        lambda: reader.delete(DATA, "rights", "1"),
    ):
        with pytest.raises(AssetForbiddenError, match="the role does not allow it"):
            forbidden()
