"""Outside clients of the storage account and of its administration, created from nothing but the stack's outputs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import minio
import urllib3
from botocore.config import Config
from minio.credentials.providers import StaticProvider

from tests.support.ca_certificates import ca_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONFIG = Config(
    s3={"addressing_style": "path"},
    connect_timeout=3,
    read_timeout=20,
    retries={"total_max_attempts": 2, "mode": "standard"},
)


def s3_client(outputs: Mapping[str, Any], **credentials: str) -> "S3Client":
    """Return boto3's client; keyword arguments replace the stack's own keys."""
    keys = {**outputs["credentials"]["storage"], **credentials}
    return boto3.client(
        "s3",
        endpoint_url=outputs["endpoints"]["storage"],
        aws_access_key_id=keys["accessKey"],
        aws_secret_access_key=keys["secretKey"],
        region_name="us-east-1",
        config=CONFIG,
        verify=ca_file(outputs),
    )


def minio_client(outputs: Mapping[str, Any]) -> minio.Minio:
    """Return MinIO's own client."""
    url = urlsplit(outputs["endpoints"]["storage"])
    keys = outputs["credentials"]["storage"]
    return minio.Minio(
        url.netloc,
        access_key=keys["accessKey"],
        secret_key=keys["secretKey"],
        secure=url.scheme == "https",
        http_client=urllib3.PoolManager(ca_certs=ca_file(outputs), retries=1),
    )


def admin_client(outputs: Mapping[str, Any], access_key: str = "", secret_key: str = "") -> minio.MinioAdmin:
    """Return MinIO's administration client, with the stack's own keys or others."""
    url = urlsplit(outputs["endpoints"]["storage"])
    own = outputs["credentials"]["storage"]
    return minio.MinioAdmin(
        endpoint=url.netloc,
        credentials=StaticProvider(access_key or own["accessKey"], secret_key or own["secretKey"]),
        secure=url.scheme == "https",
        http_client=urllib3.PoolManager(ca_certs=ca_file(outputs), retries=1),
    )
