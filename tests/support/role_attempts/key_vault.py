"""Attempts at the key vault."""

from collections.abc import Mapping

import hvac

from tests.support.principals import Person
from tests.support.role_attempts.scene import Attempt, Scene


def _kv(verb: str, folder: str, arguments: Mapping[str, object], *, deleted: bool = False) -> Attempt:
    """Call one of hvac's functions for KV version 2 on a secret made for it."""

    def attempt(who: Person, scene: Scene) -> object:
        path = scene.secret(folder, deleted=deleted)
        return getattr(who.vault.secrets.kv.v2, verb)(path=path, mount_point="secret", **arguments)

    return attempt


_READ: dict[str, object] = {"raise_on_deleted_version": True}
_SECRET: dict[str, tuple[str, dict[str, object]]] = {
    "reads a secret's metadata": ("read_secret_metadata", {}),
    "reads a secret": ("read_secret_version", _READ),
    "writes a secret": ("create_or_update_secret", {"secret": {"key": "new"}}),
    "sets a secret's expiry": ("update_metadata", {"custom_metadata": {"expires": "2030-01-01T00:00:00Z"}}),
    "deletes a secret": ("delete_latest_version_of_secret", {}),
    "deletes a version of a secret": ("delete_secret_versions", {"versions": [1]}),
    "destroys a version of a secret": ("destroy_secret_versions", {"versions": [1]}),
    "purges a secret": ("delete_metadata_and_all_versions", {}),
    "lets a secret's versions expire": ("update_metadata", {"delete_version_after": "1s"}),
    "keeps one version of a secret": ("update_metadata", {"max_versions": 1}),
}


def _secrets(folder: str, of_whom: str) -> dict[str, Attempt]:
    attempts = {
        does.replace("secret", f"{of_whom}secret", 1): _kv(verb, folder, arguments)
        for does, (verb, arguments) in _SECRET.items()
    }
    attempts[f"recovers a deleted {of_whom}secret"] = _kv(
        "undelete_secret_versions", folder, {"versions": [1]}, deleted=True
    )
    attempts[f"lets a {of_whom}secret's versions expire by a patch"] = lambda who, scene: who.vault.adapter.request(
        "PATCH",
        f"/v1/secret/metadata/{scene.secret(folder)}",
        headers={"Content-Type": "application/merge-patch+json"},
        json={"delete_version_after": "1s"},
    )
    attempts[f"lists {of_whom}secrets"] = lambda who, scene: _list(who, scene, folder)
    return attempts


def _list(who: Person, scene: Scene, folder: str) -> None:
    made = scene.secret(folder).removeprefix(folder)
    assert made in who.vault.secrets.kv.v2.list_secrets(path=folder, mount_point="secret")["data"]["keys"]


def _vault(method: str, path: str, **body: object) -> Attempt:
    def attempt(who: Person, _: Scene) -> object:
        return who.vault.adapter.request(
            method, f"/v1/{path.format(name=who.name)}", **({"json": body} if body else {})
        )

    return attempt


def _issue(client: hvac.Client) -> object:
    return client.secrets.pki.generate_certificate(name="services", common_name="localhost", mount_point="pki")


def _list_certificates(who: Person, scene: Scene) -> object:
    _issue(scene.admin.vault)  # a list of none is answered as one that is not there
    return who.vault.secrets.pki.list_certificates(mount_point="pki")


KEY_VAULT: dict[str, Attempt] = {
    **_secrets("", ""),
    **_secrets("computes/", "compute's "),
    "lists datastores": _vault("LIST", "datastores/metadata"),
    "reads a datastore's metadata": _vault("GET", "datastores/metadata/workspaceblobstore"),
    "reads a datastore's credentials": _vault("GET", "datastores/data/workspaceblobstore"),
    "reads own credentials": _vault("GET", "principals/data/{name}"),
    "lists certificates": _list_certificates,
    "has a certificate issued": lambda who, _: _issue(who.vault),
}

FORBIDDEN_IN_KEY_VAULT: dict[str, Attempt] = {
    "reads another's credentials": _vault("GET", "principals/data/bystander"),
    "lists principals": _vault("LIST", "principals/metadata"),
    "writes own credentials": _vault("POST", "principals/data/{name}", data={"a": "b"}),
    "writes a datastore's credentials": _vault("POST", "datastores/data/workspaceblobstore", data={"a": "b"}),
    "deletes a datastore's credentials": _vault("DELETE", "datastores/data/workspaceblobstore"),
    "reads own policy": _vault("GET", "sys/policies/acl/principal-{name}"),
    "writes own policy": _vault("POST", "sys/policies/acl/principal-{name}", policy='path "*" {capabilities=["sudo"]}'),
    "writes own policy by the old path": _vault("POST", "sys/policy/principal-{name}", policy='path "*" {}'),
    "gives itself a policy": _vault("POST", "auth/userpass/users/{name}/policies", token_policies="administrator"),
    "changes own password": _vault("POST", "auth/userpass/users/{name}/password", password="mine"),
    "makes a user": _vault("POST", "auth/userpass/users/friend", password="mine"),
    "writes into a cubbyhole": _vault("POST", "cubbyhole/mine", a="b"),
    "makes a token": _vault("POST", "auth/token/create", policies=["administrator"]),
    "makes an orphan token": _vault("POST", "auth/token/create-orphan", policies=["administrator"]),
    "lists policies": _vault("LIST", "sys/policies/acl"),
    "lists mounts": _vault("GET", "sys/mounts"),
    "makes a mount": _vault("POST", "sys/mounts/mine", type="kv"),
    "removes a mount": _vault("DELETE", "sys/mounts/secret"),
    "lists ways to log in": _vault("GET", "sys/auth"),
    "lists audit devices": _vault("GET", "sys/audit"),
    "removes an audit device": _vault("DELETE", "sys/audit/file"),
    "seals the vault": _vault("POST", "sys/seal"),
    "takes a snapshot": _vault("GET", "sys/storage/raft/snapshot"),
    "reads raw storage": _vault("GET", "sys/raw/core"),
    "revokes all leases": _vault("POST", "sys/leases/revoke-prefix/auth"),
    "reads the setup of secrets": _vault("GET", "secret/config"),
    "changes the setup of secrets": _vault("POST", "secret/config", max_versions=1),
    "makes a role for certificates": _vault("POST", "pki/roles/any", allow_any_name=True),
    "replaces the authority": _vault("DELETE", "pki/root"),
}
