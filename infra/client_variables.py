"""Which variables client libraries read, and what they mean for a workspace.

Names and forms are those of the clients: boto3 and the AWS SDKs, minio, hvac and Vault's CLI, Docker, the OpenTelemetry
SDKs, MLflow. Where clients agree on no variable, as for a registry or telemetry queries, the name begins with `MLW_`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

REGION = "us-east-1"
"""Region that the storage account signs with."""

SERVICE_NAME = "OTEL_SERVICE_NAME"
"""The only variable of which a value set by the user is kept."""

_AWS = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
_MINIO = ("MINIO_ENDPOINT", "MINIO_SECURE", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY")
_VAULT = ("VAULT_ADDR", "VAULT_TOKEN")
_REGISTRY = ("MLW_REGISTRY_HOST", "MLW_REGISTRY_USERNAME", "MLW_REGISTRY_PASSWORD", "DOCKER_AUTH_CONFIG")
_REGISTRY_URL = "MLW_REGISTRY_URL"
_OTLP = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS")
_INSIGHTS = ("MLW_INSIGHTS_ENDPOINT", "MLW_INSIGHTS_TOKEN")
_TRACKING = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
_TRACKING_CA = "MLFLOW_TRACKING_SERVER_CERT_PATH"
_CA_FILES = ("AWS_CA_BUNDLE", "VAULT_CACERT", "OTEL_EXPORTER_OTLP_CERTIFICATE")
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Name a file with all certificate authorities that a client trusts."""

_OF_OTHERS = (
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "VAULT_NAMESPACE",
    "VAULT_CAPATH",
    "VAULT_SKIP_VERIFY",
    *(
        f"OTEL_EXPORTER_OTLP_{signal}_{setting}"
        for signal in ("TRACES", "METRICS", "LOGS")
        for setting in ("ENDPOINT", "PROTOCOL", "HEADERS", "CERTIFICATE")
    ),
)
"""Take precedence over those that are set here, or are valid only with another account."""

MANAGED = (
    *_AWS,
    "MLFLOW_S3_ENDPOINT_URL",
    *_MINIO,
    *_VAULT,
    *_REGISTRY,
    _REGISTRY_URL,
    *_OTLP,
    *_INSIGHTS,
    *_CA_FILES,
    *_OF_OTHERS,
)
"""Variables that never keep the value of the surrounding environment: they are set, or removed."""

MANAGED_BY_TRACKING = (
    *_TRACKING,
    _TRACKING_CA,
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_AUTH",
    "MLFLOW_TRACKING_AWS_SIGV4",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_WORKSPACE",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_RUN_ID",
    "MLFLOW_ACTIVE_MODEL_ID",
)
"""Likewise, if the workspace has a tracking server; otherwise they keep the user's own server."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What a client gets of a workspace.

    Attributes:
        endpoints: As in the stack's output of that name.
        credentials: As in the stack's output of that name; a service without access has no entry.
        registry_scheme: ``http`` or ``https``, which the address of a registry does not have.
        ca_file: File with the CA certificates of the endpoints; None without TLS.
        ca_bundle: The same, and in addition the certificates that the machine trusts.
    """

    endpoints: Mapping[str, str] = field(repr=False)
    credentials: Mapping[str, Mapping[str, str]] = field(repr=False)
    registry_scheme: str = "http"
    ca_file: Path | None = None
    ca_bundle: Path | None = None

    @property
    def managed(self) -> tuple[str, ...]:
        """Variables that never keep the value of the surrounding environment."""
        return (*MANAGED, *MANAGED_BY_TRACKING) if "tracking" in self.endpoints else MANAGED


def variables(access: Access, *, service_name: str) -> dict[str, str]:
    """The variables of a client.

    Args:
        access: What it gets.
        service_name: Name of the client in its telemetry.
    """
    found: dict[str, str] = {}
    for key, use, make in _SERVICES:
        if key in access.credentials and use in access.endpoints:
            found |= make(access.endpoints[use], access.credentials[key])
    if _REGISTRY[0] in found:
        found[_REGISTRY_URL] = f"{access.registry_scheme}://{found[_REGISTRY[0]]}"
    found[SERVICE_NAME] = service_name
    if access.ca_file and access.ca_bundle:
        found |= dict.fromkeys(_CA_FILES, str(access.ca_file)) | dict.fromkeys(BUNDLES, str(access.ca_bundle))
        if _TRACKING[0] in found:
            found[_TRACKING_CA] = str(access.ca_file)
    return found


def _storage(address: str, keys: Mapping[str, str]) -> dict[str, str]:
    access_key, secret_key, url = keys["accessKey"], keys["secretKey"], urlsplit(address)
    secure = str(url.scheme == "https").lower()
    return {
        **dict(zip(_AWS, (address, access_key, secret_key, REGION, REGION), strict=True)),
        "MLFLOW_S3_ENDPOINT_URL": address,
        **dict(zip(_MINIO, (url.netloc, secure, access_key, secret_key), strict=True)),
    }


def _key_vault(address: str, keys: Mapping[str, str]) -> dict[str, str]:
    return dict(zip(_VAULT, (address, keys["token"]), strict=True))


def _registry(host: str, keys: Mapping[str, str]) -> dict[str, str]:
    username, password = keys["username"], keys["password"]
    login = base64.b64encode(f"{username}:{password}".encode()).decode()
    docker = json.dumps({"auths": {host: {"auth": login}}}, separators=(",", ":"))
    return dict(zip(_REGISTRY, (host, username, password, docker), strict=True))


def _telemetry(address: str, keys: Mapping[str, str]) -> dict[str, str]:
    # The specification of the variable asks for percent-encoded values.
    header = f"authorization={quote('Bearer ' + keys['token'], safe='')}"
    return dict(zip(_OTLP, (address, "http/protobuf", header), strict=True))


def _insights(address: str, keys: Mapping[str, str]) -> dict[str, str]:
    return dict(zip(_INSIGHTS, (address, keys["token"]), strict=True))


def _tracking(address: str, keys: Mapping[str, str]) -> dict[str, str]:
    return dict(zip(_TRACKING, (address, keys["username"], keys["password"]), strict=True))


_SERVICES: tuple[tuple[str, str, Callable[[str, Mapping[str, str]], dict[str, str]]], ...] = (
    ("storage", "storage", _storage),
    ("keyVault", "keyVault", _key_vault),
    ("registry", "registry", _registry),
    ("telemetry", "otlpHttp", _telemetry),
    ("insights", "insights", _insights),
    ("tracking", "tracking", _tracking),
)
"""Key of the credentials, key of the endpoint, and what makes variables of both."""
