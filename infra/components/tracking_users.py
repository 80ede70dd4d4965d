"""Users of the tracking server: one live file, which it reloads within a second when it changes.

It holds no password, only SHA-256 hashes: the passwords are generated, with 256 bits each, so nobody can guess one from
its hash, and a slow hash would cost a tenth of a second for every request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import pulumi

from infra.components.principal import Principal
from infra.rules.roles.role_operations import OPERATIONS
from infra.rules.roles.role_permissions import tracking_operations

USERS = "users"
"""Name of the live file; a user who is removed from it is refused."""

ADMIN = "admin"
"""The stack's own user, with all operations; no principal may have this name."""


def users_file(admin_password: pulumi.Output[str], principals: Iterable[Principal]) -> pulumi.Output[str]:
    """Content of the file.

    Args:
        admin_password: The password of the stack's own user.
        principals: Each is a user, even if its roles allow nothing: it then learns what it lacks.
    """
    passwords: dict[str, pulumi.Output[str]] = {ADMIN: admin_password}
    operations: dict[str, Sequence[str]] = {ADMIN: tracking_operations(OPERATIONS)}
    for one in principals:
        passwords[one.name] = one.secrets.apply(lambda secrets: secrets["tracking"])
        operations[one.name] = one.tracking or ()
    return pulumi.Output.all(**passwords).apply(lambda known: _content(known, operations))


def _content(passwords: Mapping[str, str], operations: Mapping[str, Sequence[str]]) -> str:
    users = [
        {"name": name, "password": hashlib.sha256(password.encode()).hexdigest(), "operations": list(operations[name])}
        for name, password in passwords.items()
    ]
    return json.dumps({"users": users}, indent=2)
