"""The storage account's admin API: users, service accounts, policies, quotas.

Identities are written in one request with MinIO's import. The calls for single identities encrypt requests and
responses with a key whose derivation takes 64 MiB and a tenth of a second on both sides, every time; the import does
not. So its content is only as safe as the connection: loopback or TLS, like every secret from the key vault.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.clients.service_connection import ServiceConnection
from infra.clients.storage.object_store import REGION, open_client, verifying_pool
from infra.errors import StorageAccessError
from infra.rules.roles.storage_scope import OTHERS_POLICY, all_exclusions, exclusion_name

if TYPE_CHECKING:
    from minio import MinioAdmin

Policy = Mapping[str, Any]

_GONE = "404"


class _Command(StrEnum):
    """Commands without a method in MinIO's library."""

    IMPORT_IAM = "import-iam-v2"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceAccount:
    """Keys with fewer permissions than their owner.

    Attributes:
        access_key: 3-20 characters.
        secret_key: 8-40 characters.
        policy: Policy of the keys.
        name: Display name, at most 32 characters.
    """

    access_key: str
    secret_key: str = field(repr=False)
    policy: Policy
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A user with its own policy, named ``principal-<access key>``.

    Attributes:
        access_key: Name of the user.
        secret_key: Its secret.
        policy: Policy of the user.
        keeps_out: Whether :data:`OTHERS_POLICY` is also attached.
    """

    access_key: str
    secret_key: str = field(repr=False)
    policy: Policy
    keeps_out: bool = False

    @property
    def policy_name(self) -> str:
        """Name of its policy."""
        return policy_name(self.access_key)

    @property
    def policy_names(self) -> list[str]:
        """Names of all attached policies."""
        return [self.policy_name, *([OTHERS_POLICY] if self.keeps_out else [])]


def policy_name(access_key: str) -> str:
    """Name of a user's policy."""
    return f"principal-{access_key}"


class StorageAdmin:
    """One storage account, with its root keys.

    Args:
        connection: Connection with the root keys.
    """

    def __init__(self, connection: ServiceConnection) -> None:
        from minio import MinioAdmin
        from minio.credentials.providers import StaticProvider

        url = urlsplit(connection.endpoint)
        self._endpoint, self._access_key = connection.endpoint, connection.credentials["accessKey"]
        self._admin: MinioAdmin = MinioAdmin(
            endpoint=url.netloc,
            credentials=StaticProvider(self._access_key, connection.credentials["secretKey"]),
            region=REGION,
            secure=url.scheme == "https",
            http_client=verifying_pool(connection.ca_certificate),
        )

    def put_service_accounts(self, accounts: list[ServiceAccount]) -> None:
        """Create or replace service accounts of the root user.

        Raises:
            StorageAccessError: The storage account rejected one of them.
        """
        made = {
            account.access_key: {
                "parent": self._access_key,
                "accessKey": account.access_key,
                "secretKey": account.secret_key,
                "sessionPolicy": account.policy,
                "claims": {},
                "status": "on",
                "name": account.name,
            }
            for account in accounts
        }
        self._import({"svcaccts": made})

    def put_users(self, users: list[User]) -> None:
        """Create users with their policies, or replace their secrets and policies; takes effect immediately.

        Raises:
            StorageAccessError: The storage account rejected one of them.
        """
        if any(user.keeps_out for user in users):
            self._sum_up_exclusions()
        self._import(
            {
                "policies": {user.policy_name: user.policy for user in users},
                "users": {user.access_key: {"secretKey": user.secret_key, "status": "enabled"} for user in users},
                "user_mappings": {
                    user.access_key: {"version": 1, "policy": ",".join(user.policy_names)} for user in users
                },
            }
        )

    def exclude(self, workspace_id: str, exclusion: Policy) -> None:
        """Deny the principals of the account's owner access to a sharer's containers, effective immediately.

        Args:
            workspace_id: GUID of the sharer.
            exclusion: Policy from :func:`infra.rules.roles.storage_scope.exclusion`.
        """
        self._import({"policies": {exclusion_name(workspace_id): exclusion}})
        self._sum_up_exclusions()

    def is_excluded(self, workspace_id: str, exclusion: Policy) -> bool:
        """Whether the policy of :meth:`exclude` still exists and is part of the owner's principals' policy."""
        found = self._policies()
        own, everybodys = (_normal(found.get(name) or {}) for name in (exclusion_name(workspace_id), OTHERS_POLICY))
        return own == _normal(exclusion) and everybodys == _normal(all_exclusions(found))

    def end_exclusion(self, workspace_id: str) -> None:
        """Remove the exclusion of a sharer whose containers have been deleted."""
        self._unless_gone(lambda: self._admin.policy_remove(exclusion_name(workspace_id)))
        self._sum_up_exclusions()

    def _sum_up_exclusions(self) -> None:
        """Write the owner's principals' policy; repeated until it contains the exclusion of every sharer."""
        while (found := self._policies()) and _normal(wanted := all_exclusions(found)) != _normal(
            found.get(OTHERS_POLICY) or {}
        ):
            self._import({"policies": {OTHERS_POLICY: wanted}})

    def _policies(self) -> dict[str, Any]:
        return dict(json.loads(self._admin.policy_list()))

    def remove_service_account(self, access_key: str) -> None:
        """Remove a service account; a missing one is ignored."""
        self._unless_gone(lambda: self._admin.delete_service_account(access_key))

    def remove_user(self, access_key: str) -> None:
        """Remove a user with its derived credentials and its policy; a missing one is ignored."""
        self._unless_gone(lambda: self._admin.user_remove(access_key))
        self._unless_gone(lambda: self._admin.policy_remove(policy_name(access_key)))

    def differing(self, users: list[User]) -> set[str]:
        """Access keys of users that are missing or have another policy; secrets cannot be compared."""
        return {user.access_key for user in users if not self._is_as_wanted(user)}

    def _is_as_wanted(self, user: User) -> bool:
        from minio.error import MinioAdminException

        try:
            known = json.loads(self._admin.user_info(user.access_key))
            found = json.loads(self._admin.policy_info(user.policy_name))
        except MinioAdminException as exc:
            if exc._code != _GONE:
                raise
            return False
        names = str(known.get("policyName", "")).split(",")
        return sorted(names) == sorted(user.policy_names) and _normal(found) == _normal(user.policy)

    def set_quota(self, container: str, size_bytes: int) -> None:
        """Set the hard quota of a container; 0 removes it."""
        self._admin.bucket_quota_set(container, size_bytes)

    def _import(self, entities: Mapping[str, Mapping[str, Any]]) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            for name, content in entities.items():
                files.writestr(f"iam-assets/{name}.json", json.dumps(content))
        # The library's internal method for signed commands; every other command used here has a public method.
        answer = self._admin._url_open(method="PUT", command=_Command.IMPORT_IAM, body=archive.getvalue())  # type: ignore[arg-type]
        failed = json.loads(answer.data).get("failed") or {}
        refused = sorted(str(entry.get("name")) for entries in failed.values() for entry in entries or ())
        if refused:
            raise StorageAccessError(
                f"creating identities in the storage account at {self._endpoint}: it rejected {', '.join(refused)}. "
                "Check `docker logs` of its container, then run `make up` again."
            )

    @staticmethod
    def _unless_gone(remove: Callable[[], str]) -> None:
        from minio.error import MinioAdminException

        try:
            remove()
        except MinioAdminException as exc:
            if exc._code != _GONE:
                raise


def _normal(policy: Policy) -> list[str]:
    """A policy's statements in canonical order; MinIO returns them in any order."""
    statements = policy.get("Statement") or []
    return sorted(
        {
            json.dumps({key: _sorted(value) for key, value in statement.items() if key != "Sid"}, sort_keys=True)
            for statement in statements
        }
    )


def _sorted(value: object) -> object:
    return sorted(value) if isinstance(value, list) else [value] if isinstance(value, str) else value


def can_list(connection: ServiceConnection, container: str, prefix: str) -> bool:
    """Whether the connection's keys may list what is below a prefix."""
    from minio.error import S3Error

    try:
        next(iter(open_client(connection).list_objects(container, prefix=prefix)), None)
    except S3Error:
        return False
    return True


def can_use(connection: ServiceConnection, container: str) -> bool:
    """Whether the connection's keys give access to a container."""
    from minio.error import S3Error

    try:
        return open_client(connection).bucket_exists(container)
    except S3Error:
        return False
