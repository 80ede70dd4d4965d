"""An account that gets its encryption key later, as one of version 0.1 does: it loses nothing, and new objects are not
readable without the key."""

import base64
import secrets
import socket
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from docker import DockerClient
from docker.errors import NotFound
from docker.types import Mount

from infra import service_images
from infra.clients.storage.blob_containers import BlobContainers, ContainerSettings
from infra.clients.storage.storage_admin import ServiceAccount, StorageAdmin, User, can_use
from tests.support.connections import to_storage
from tests.support.object_store import s3_client
from tests.support.probes import probe_until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT, BUCKET, DRIVES = ("root", "root-secret-0815"), "features", 4
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}],
}


@dataclass
class Account:
    """Four drives, and a server on them that can be restarted with other settings."""

    engine: DockerClient
    name: str
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def s3(self) -> "S3Client":
        outputs: dict[str, Any] = {
            "endpoints": {"storage": self.endpoint},
            "credentials": {"storage": {"accessKey": ROOT[0], "secretKey": ROOT[1]}},
        }
        return s3_client(outputs)

    def start(self, **environment: str) -> None:
        """Start the server, replacing the running one."""
        self.stop()
        image = service_images.table()["minio"]
        self.engine.containers.run(
            image.image,
            ["server", "--quiet", f"/data{{1...{DRIVES}}}"],
            entrypoint=[image.binary],
            user=image.user,
            name=self.name,
            detach=True,
            mounts=[Mount(f"/data{n}", f"{self.name}-{n}") for n in range(1, DRIVES + 1)],
            ports={"9000/tcp": ("127.0.0.1", self.port)},
            environment={"MINIO_ROOT_USER": ROOT[0], "MINIO_ROOT_PASSWORD": ROOT[1], **environment},
        )
        probe_until(
            lambda: urllib.request.urlopen(f"{self.endpoint}/minio/health/cluster", timeout=2).close(),  # noqa: S310
            what="an account that can be written to",
            timeout_seconds=60,
        )

    def stop(self) -> None:
        try:
            container = self.engine.containers.get(self.name)
        except NotFound:
            return
        container.stop(timeout=30)
        container.remove(force=True)


@pytest.fixture
def account(engine: DockerClient) -> Iterator[Account]:
    name = f"t{uuid.uuid4().hex[:8]}-storage"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    volumes = [engine.volumes.create(f"{name}-{n}") for n in range(1, DRIVES + 1)]
    account = Account(engine, name, port)
    try:
        yield account
    finally:
        account.stop()
        for volume in volumes:
            volume.remove(force=True)


def test_objects_older_than_the_key_stay_readable_and_newer_ones_need_it(account: Account) -> None:
    key = f"ml-workspace:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    account.start()
    account.s3.create_bucket(Bucket=BUCKET)
    account.s3.put_object(Bucket=BUCKET, Key="before", Body=b"before")
    admin = StorageAdmin(to_storage(account.endpoint, *ROOT))
    admin.put_service_accounts([ServiceAccount(access_key="SERVICE", secret_key="s" * 20, policy=POLICY, name="one")])
    admin.put_users([User(access_key="rita", secret_key="r" * 20, policy=POLICY)])

    account.start(MINIO_KMS_SECRET_KEY=key)
    settings = ContainerSettings(versioned=True, retention_days=7, tags={})
    BlobContainers(to_storage(account.endpoint, *ROOT)).ensure([BUCKET], settings)
    account.s3.put_object(Bucket=BUCKET, Key="after", Body=b"after")

    assert BlobContainers(to_storage(account.endpoint, *ROOT)).describe([BUCKET, "none"]) == {
        BUCKET: settings,
        "none": None,
    }
    for access_key, secret_key in (("SERVICE", "s" * 20), ("rita", "r" * 20)):
        assert can_use(to_storage(account.endpoint, access_key, secret_key), BUCKET)
        assert not can_use(to_storage(account.endpoint, access_key, "x" * 20), BUCKET)
    account.start(MINIO_KMS_SECRET_KEY=key)
    found = {name: account.s3.get_object(Bucket=BUCKET, Key=name) for name in ("before", "after")}
    assert {name: answer["Body"].read() for name, answer in found.items()} == {"before": b"before", "after": b"after"}
    assert [found[name].get("ServerSideEncryption") for name in ("before", "after")] == [None, "AES256"]

    account.start()
    assert account.s3.get_object(Bucket=BUCKET, Key="before")["Body"].read() == b"before"
    with pytest.raises(ClientError, match=r"NotImplemented|KMS"):
        account.s3.get_object(Bucket=BUCKET, Key="after")


def test_changes_and_removal_of_users_and_policies_are_effective_immediately(account: Account) -> None:
    account.start()
    account.s3.create_bucket(Bucket=BUCKET)
    admin = StorageAdmin(to_storage(account.endpoint, *ROOT))
    rita = User(access_key="rita", secret_key="r" * 20, policy=POLICY)
    reading = {**POLICY, "Statement": [{"Effect": "Deny", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}]}
    admin.put_users([rita])
    assert can_use(to_storage(account.endpoint, "rita", "r" * 20), BUCKET)
    assert admin.differing([rita, User(access_key="dora", secret_key="d" * 20, policy=POLICY)]) == {"dora"}

    admin.put_users([User(access_key="rita", secret_key="r" * 20, policy=reading)])
    assert not can_use(to_storage(account.endpoint, "rita", "r" * 20), BUCKET)
    assert admin.differing([rita]) == {"rita"}
    admin.put_users([User(access_key="rita", secret_key="n" * 20, policy=POLICY)])
    assert can_use(to_storage(account.endpoint, "rita", "n" * 20), BUCKET)
    assert not can_use(to_storage(account.endpoint, "rita", "r" * 20), BUCKET)

    admin.remove_user("rita")
    admin.remove_user("rita")
    admin.remove_service_account("none")
    assert not can_use(to_storage(account.endpoint, "rita", "n" * 20), BUCKET)
    assert admin.differing([rita]) == {"rita"}
