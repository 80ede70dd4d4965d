"""Ways around the policies of the storage account outside S3's operations: MinIO's own headers and commands, and a kind
of body whose signature it did not check. Each is really tried; tools/go/minio/patches.toml closes them."""

import base64
import datetime
import io
import json
import tarfile
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import minio
import pytest
import requests
from botocore.exceptions import ClientError
from docker import DockerClient
from minio.credentials.providers import StaticProvider

from infra.clients.storage.storage_admin import ServiceAccount, StorageAdmin, User
from infra.rules.datastores.datastore_policy import datastore_policy
from infra.rules.roles.role_definitions import BUILT_IN, find_role
from infra.rules.roles.role_permissions import storage_policy
from tests.support.connections import to_storage
from tests.support.object_store import s3_client
from tests.support.storage_container import ROOT, SECRET, running_storage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, OTHER = "features", "labels"
ROLES = {"owner": "Owner", "contributor": "Contributor", "scientist": "DataScientist", "reader": "Reader"}
STORES = {BUCKET: "STOREOFTHEFEATURES01", OTHER: "STOREOFTHELABELS0001"}
WRITERS = ("owner", "contributor", "scientist", STORES[BUCKET])
WHO_MAY_NOT_PURGE = WRITERS[1:]


@dataclass(frozen=True)
class Account:
    """A storage account with a user for each role and a service account for each of two containers."""

    endpoint: str

    def s3(self, access_key: str = ROOT) -> "S3Client":
        """Return an S3 client with these credentials."""
        keys = {"accessKey": access_key, "secretKey": SECRET}
        return s3_client({"endpoints": {"storage": self.endpoint}, "credentials": {"storage": keys}})

    def admin(self, access_key: str) -> minio.MinioAdmin:
        """Return a client of the administration API."""
        keys = StaticProvider(access_key, SECRET)
        return minio.MinioAdmin(endpoint=urlsplit(self.endpoint).netloc, credentials=keys, secure=False)

    def ask(
        self, access_key: str, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Send one signed request that no client library sends."""
        request = botocore.awsrequest.AWSRequest(method, f"{self.endpoint}/{path}", dict(headers or {}), body)
        keys = botocore.credentials.Credentials(access_key, SECRET)
        botocore.auth.S3SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
        return requests.request(method, str(request.url), headers=dict(request.headers), data=body, timeout=10)

    def versions(self, key: str) -> list[bytes]:
        """Return the content of every version of a blob, the oldest first."""
        found = self.s3().list_object_versions(Bucket=BUCKET, Prefix=key).get("Versions", [])
        own = [one["VersionId"] for one in reversed(found) if one["Key"] == key]
        read = [self.s3().get_object(Bucket=BUCKET, Key=key, VersionId=version) for version in own]
        return [answer["Body"].read() for answer in read]


@pytest.fixture(scope="module")
def account(engine: DockerClient) -> Iterator[Account]:
    with running_storage(engine) as endpoint:
        yield _set_up(Account(endpoint))


def _set_up(account: Account) -> Account:
    for bucket in STORES:
        account.s3().create_bucket(Bucket=bucket)
        account.s3().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    admin = StorageAdmin(to_storage(account.endpoint, ROOT, SECRET))
    admin.put_users([User(access_key=name, secret_key=SECRET, policy=_policy(role)) for name, role in ROLES.items()])
    admin.put_service_accounts(
        [
            ServiceAccount(
                access_key=key, secret_key=SECRET, policy=datastore_policy(bucket, has_record=False), name=bucket
            )
            for bucket, key in STORES.items()
        ]
    )
    return account


def _policy(role: str) -> dict[str, Any]:
    found = find_role(role, BUILT_IN)
    assert found is not None
    policy = storage_policy(found.operations)
    assert policy is not None
    return policy


@pytest.fixture
def key(account: Account) -> str:
    """A blob with two versions."""
    name = f"blob-{uuid.uuid4().hex}"
    for body in (b"one", b"two"):
        account.s3().put_object(Bucket=BUCKET, Key=name, Body=body)
    return name


def _oldest(account: Account, key: str) -> str:
    return account.s3().list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"][-1]["VersionId"]


def _tar(name: str, *, modified: float = 0, version: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime = 3, modified
        entry.pax_headers = {"minio.versionId": version} if version else {}
        archive.addfile(entry, io.BytesIO(b"new"))
    return packed.getvalue()


UNPACK = {"X-Amz-Meta-Snowball-Auto-Extract": "true"}


def _unsigned(body: bytes, moment: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the kind that carries its checksum behind it and no signature."""
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-date": moment,
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    return headers, b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(body), body, checksum.encode())


def _forged_header(access_key: str, moment: str) -> dict[str, str]:
    scope = f"{access_key}/{moment[:8]}/us-east-1/s3/aws4_request"
    signed = "host;x-amz-content-sha256;x-amz-date"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature={'0' * 64}"}


def _forged_query(access_key: str, moment: str) -> str:
    scope = quote(f"{access_key}/{moment[:8]}/us-east-1/s3/aws4_request", safe="")
    return (
        f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-Date={moment}&X-Amz-Expires=600"
        f"&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
    )


def _in_the_query(endpoint: str, access_key: str, key: str, moment: str) -> requests.Response:
    headers, body = _unsigned(b"new", moment)
    return requests.put(
        f"{endpoint}/{BUCKET}/{key}{_forged_query(access_key, moment)}", body, headers=headers, timeout=9
    )


def _in_the_header(endpoint: str, access_key: str, key: str, moment: str) -> requests.Response:
    headers, body = _unsigned(b"new", moment)
    forged = {**headers, **_forged_header(access_key, moment)}
    return requests.put(f"{endpoint}/{BUCKET}/{key}", body, headers=forged, timeout=9)


def _to_be_unpacked(endpoint: str, access_key: str, key: str, moment: str) -> requests.Response:
    headers, _ = _unsigned(b"", moment)
    archive = _tar(key)
    forged = {
        **headers,
        **_forged_header(access_key, moment),
        **UNPACK,
        "x-amz-decoded-content-length": f"{len(archive)}",
    }
    return requests.put(f"{endpoint}/{BUCKET}/any.tar", archive, headers=forged, timeout=9)


def _no_key_at_all(endpoint: str, _: str, key: str, moment: str) -> requests.Response:
    headers, body = _unsigned(b"new", moment)
    return requests.put(f"{endpoint}/{BUCKET}/{key}", body, headers=headers, timeout=9)


Forgery = Callable[[str, str, str, str], requests.Response]


@pytest.mark.parametrize("forge", [_in_the_query, _in_the_header, _to_be_unpacked, _no_key_at_all])
@pytest.mark.parametrize("access_key", [ROOT, "scientist", STORES[BUCKET]])
def test_access_key_without_its_secret_writes_nothing(
    account: Account, key: str, access_key: str, forge: Forgery
) -> None:
    moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")

    answer = forge(account.endpoint, access_key, key, moment)

    assert answer.status_code in {400, 403}, answer.text
    assert account.versions(key) == [b"one", b"two"]


def test_same_body_with_a_valid_signature_is_accepted(account: Account, key: str) -> None:
    """boto3 sends every blob over TLS this way."""
    moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    headers, body = _unsigned(b"three", moment)
    request = botocore.awsrequest.AWSRequest("PUT", f"{account.endpoint}/{BUCKET}/{key}", headers, body)
    request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
    keys = botocore.credentials.Credentials("scientist", SECRET)
    botocore.auth.S3SigV4Auth(keys, "s3", "us-east-1").add_auth(request)

    answer = requests.put(str(request.url), body, headers=dict(request.headers), timeout=9)

    assert answer.status_code == 200, answer.text
    assert account.versions(key) == [b"one", b"two", b"three"]


@pytest.mark.parametrize("who", WHO_MAY_NOT_PURGE)
@pytest.mark.parametrize("folder", [False, True], ids=["blob", "folder"])
def test_delete_permission_does_not_allow_purging(account: Account, key: str, who: str, *, folder: bool) -> None:
    account.s3().put_object(Bucket=BUCKET, Key=f"{key}-folder/inner", Body=b"one")
    doomed = f"{key}-folder/" if folder else key

    answer = account.ask(who, "DELETE", f"{BUCKET}/{doomed}", headers={"x-minio-force-delete": "true"})

    assert answer.status_code == 403
    assert account.versions(key) == [b"one", b"two"]
    assert account.versions(f"{key}-folder/inner") == [b"one"]


def test_purge_permission_allows_forced_deletes(account: Account, key: str) -> None:
    answer = account.ask("owner", "DELETE", f"{BUCKET}/{key}", headers={"x-minio-force-delete": "true"})

    assert answer.status_code == 204
    assert account.versions(key) == []


@pytest.mark.parametrize("who", WRITERS)
def test_no_write_replaces_an_existing_version(account: Account, key: str, who: str) -> None:
    oldest = _oldest(account, key)
    place = f"{BUCKET}/{key}?versionId={oldest}"

    whole = account.ask(who, "PUT", place, body=b"new")
    copied = account.ask(who, "PUT", place, headers={"x-amz-copy-source": f"{BUCKET}/{key}"})
    begun = account.ask(who, "POST", f"{BUCKET}/{key}?uploads=&versionId={oldest}")
    unpacked = account.ask(who, "PUT", f"{BUCKET}/any.tar", body=_tar(key, version=oldest), headers=UNPACK)

    assert {answer.status_code for answer in (whole, copied, begun)} == {403}
    assert unpacked.status_code in {400, 403}
    assert account.versions(key) == [b"one", b"two"]


@pytest.mark.parametrize("who", WRITERS)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_clients_cannot_set_the_time_of_a_version(account: Account, key: str, who: str, method: str) -> None:
    """A version expires a number of days after its replacement: a backdated replacement would end it immediately."""
    long_ago = {"x-minio-source-mtime": "2020-01-01T00:00:00Z"}

    answer = account.ask(who, method, f"{BUCKET}/{key}", body=b"", headers=long_ago)

    assert answer.status_code == 400
    assert account.versions(key) == [b"one", b"two"]


def test_unpacked_objects_have_the_current_time(account: Account, key: str) -> None:
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)

    answer = account.ask("scientist", "PUT", f"{BUCKET}/any.tar", body=_tar(key, modified=86400.0), headers=UNPACK)

    assert answer.status_code == 200
    assert account.versions(key) == [b"one", b"two", b"new"]
    assert account.s3().head_object(Bucket=BUCKET, Key=key)["LastModified"] > before


def test_clients_cannot_use_their_own_encryption_keys(account: Account, key: str) -> None:
    foreign = {"X-Minio-Replication-Server-Side-Encryption-Sealed-Key": base64.b64encode(b"k" * 64).decode()}

    answer = account.ask("scientist", "PUT", f"{BUCKET}/{key}", body=b"new", headers=foreign)

    assert answer.status_code == 400
    assert account.versions(key) == [b"one", b"two"]


def _commands(account: Account, access_key: str) -> dict[str, Callable[[], object]]:
    admin = account.admin(access_key)
    return {
        "list": lambda: admin.list_service_account(ROOT),
        "look at": lambda: admin.get_service_account(STORES[OTHER]),
        "delete": lambda: admin.delete_service_account(STORES[OTHER]),
        "make": admin.add_service_account,
    }


@pytest.mark.parametrize("command", ["list", "look at", "delete", "make"])
@pytest.mark.parametrize("who", [*ROLES, STORES[BUCKET]])
def test_no_key_but_the_accounts_own_administrates_access_keys(account: Account, who: str, command: str) -> None:
    with pytest.raises(minio.error.MinioAdminException, match=r"AccessDenied|XMinioInvalidIAMCredentials"):
        _commands(account, who)[command]()

    assert account.s3(STORES[OTHER]).list_objects_v2(Bucket=OTHER)["KeyCount"] == 0
    with pytest.raises(ClientError, match="AccessDenied"):
        account.s3(STORES[BUCKET]).list_objects_v2(Bucket=OTHER)


def test_unpacking_does_not_overwrite_the_record_without_permission(account: Account) -> None:
    record = {"Bucket": "azureml", "Key": "workspace.json"}
    account.s3().create_bucket(Bucket=record["Bucket"])
    account.s3().put_object(**record, Body=json.dumps({"name": "one"}).encode())  # type: ignore[arg-type]

    answer = account.ask("scientist", "PUT", "azureml/any.tar", body=_tar(record["Key"]), headers=UNPACK)

    assert answer.status_code == 403
    assert json.loads(account.s3().get_object(**record)["Body"].read()) == {"name": "one"}  # type: ignore[arg-type]
