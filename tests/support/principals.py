"""Outside clients of one principal, created only from what its owner reads from the key vault.

An attempt ends as allowed or as refused; any other response of a service fails the test. If a principal has no
credentials for a service, its attempts use the ones that it has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import hvac
import hvac.exceptions
import minio
import minio.error
import requests
from botocore.exceptions import ClientError

from tests.support.ca_certificates import ca_file
from tests.support.insights import insights_client
from tests.support.object_store import admin_client, s3_client
from tests.support.oci import RegistryClient
from tests.support.otlp import Protocol, send
from tests.support.vault import vault_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REFUSED_BY_S3 = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidTokenId", "403", "Forbidden"}
)
_REFUSED_BY_HTTP = frozenset({401, 403, 405})


class RefusedError(Exception):
    """A service refused a request."""


@dataclass(frozen=True)
class Person:
    """A principal as its services see it.

    Attributes:
        name: Name of the principal.
        held: What the key vault keeps for it.
        stack: The stack's outputs; only its endpoints are used.
    """

    name: str
    held: Mapping[str, Any]
    stack: Mapping[str, Any]

    @property
    def password(self) -> str:
        """Return its key vault password, which it also presents to services that it has no credentials for."""
        return str(self.held["keyVaultPassword"])

    @cached_property
    def vault(self) -> hvac.Client:
        """Its client of the key vault, logged in once."""
        client = vault_client(self.stack, token="")
        try:
            client.auth.userpass.login(self.held["keyVaultUsername"], self.password)
        except hvac.exceptions.InvalidRequest as error:
            if "invalid username or password" in str(error):
                raise RefusedError(self.name) from error
            raise
        return client

    @cached_property
    def s3(self) -> "S3Client":
        """Its client of the storage account."""
        return s3_client(self.stack, accessKey=self.storage_keys[0], secretKey=self.storage_keys[1])

    @property
    def storage_keys(self) -> tuple[str, str]:
        """Access key and secret key."""
        return self.held.get("storageAccessKey", self.name), self.held.get("storageSecretKey", self.password)

    @cached_property
    def storage_admin(self) -> minio.MinioAdmin:
        """A client of the storage account's administration, on which no principal has rights."""
        return admin_client(self.stack, *self.storage_keys)

    @property
    def registry(self) -> RegistryClient:
        """Its client of the registry that takes pushes."""
        return self._registry("registry")

    @property
    def registry_read_only(self) -> RegistryClient:
        """Its client of the registry that serves pulls only."""
        return self._registry("registryReadOnly")

    def _registry(self, use: str) -> RegistryClient:
        credentials = (self.held.get("registryUsername", self.name), self.held.get("registryPassword", self.password))
        return RegistryClient(self.stack, credentials=credentials, use=use)

    def send(self, protocol: Protocol, marker: str) -> None:
        """Send one signal of each kind."""
        token = self.held.get("telemetryToken", self.password)
        sent = send(protocol, self.stack["endpoints"], token, marker, ca_file=ca_file(self.stack))
        if set(sent.values()) == {False}:
            raise RefusedError(protocol)
        assert set(sent.values()) == {True}, sent

    def query(self, sql: str) -> None:
        """Query telemetry."""
        token = self.held.get("insightsToken", self.password)
        insights_client(self.stack, token=token).ask(sql).raise_for_status()

    def again(self) -> "Person":
        """Return the same principal with new clients, not logged in yet."""
        return replace(self)


def person(outputs: Mapping[str, Any], name: str) -> Person:
    """Return a principal as the platform engineer provides it: read with the stack's own token."""
    place = next(held["vaultPath"] for held in outputs["roleAssignments"] if held["principal"] == name)
    mount, _, path = place.partition("/")
    answer = vault_client(outputs).secrets.kv.v2.read_secret_version(
        path=path, mount_point=mount, raise_on_deleted_version=True
    )
    return Person(name, answer["data"]["data"], outputs)


def is_allowed(attempt: Callable[[], object]) -> bool:
    """Make an attempt; return whether it was allowed. Raises every error other than a refusal."""
    try:
        attempt()
    except (RefusedError, hvac.exceptions.Forbidden):
        return False
    except ClientError as error:
        if error.response["Error"]["Code"] in _REFUSED_BY_S3:
            return False
        raise
    except requests.HTTPError as error:
        if error.response.status_code in _REFUSED_BY_HTTP:
            return False
        raise
    except minio.error.MinioAdminException as error:
        if "AccessDenied" in str(error) or "InvalidAccessKeyId" in str(error):
            return False
        raise
    return True
