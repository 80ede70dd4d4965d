"""Certificates of a stack with TLS: its own authority, and one certificate for each container that serves clients.

Both renew themselves: an update that finds a certificate due issues it anew; `MLW_ROTATE` asks for it earlier. Their
keys are secret from birth; what is public of them (the authority's certificate) is what clients have to trust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from infra.resources import rotation
from infra.resources.provider import Props
from infra.resources.rotation import RotatingProvider

AUTHORITY, CERTIFICATES = "authority", "certificates"
"""What `mlw keys rotate --service` calls them."""


def _is_due(certificate: str) -> bool:
    from infra.clients.tls import certificate_authority

    return certificate_authority.is_due(certificate)


class _AuthorityProvider(RotatingProvider):
    inputs = ("owner", "domain")

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return DiffResult(changes=bool(self.changed(_olds, _news)) or _is_due(_olds["certificate"]))

    def create(self, props: Props) -> CreateResult:
        from infra.clients.tls import certificate_authority

        made = certificate_authority.make_authority(props["owner"], domain=props["domain"])
        return CreateResult(props["owner"], {**props, "certificate": made.certificate, "private_key": made.private_key})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(self.create(_news).outs)


class CertificateAuthority(Resource, module="ml-workspace", name="CertificateAuthority"):
    """The authority of one stack; ten years.

    Args:
        name: Logical name.
        owner: Whose authority it is; in the certificate's subject.
        domain: The only domain, beside `localhost` and 127.0.0.1, that the authority may vouch for.
        opts: Resource options.
    """

    certificate: pulumi.Output[str]
    """The certificate (PEM), which clients trust; public."""

    private_key: pulumi.Output[str]
    """The private key (PEM); secret."""

    def __init__(self, name: str, *, owner: str, domain: str, opts: pulumi.ResourceOptions | None = None) -> None:
        props: dict[str, Any] = {
            "owner": owner,
            "domain": domain,
            **rotation.inputs(rotation.service(AUTHORITY)),
            "certificate": None,
            "private_key": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["private_key"])
        super().__init__(_AuthorityProvider(), name, props, pulumi.ResourceOptions.merge(secret, opts))


class _ServerCertificatesProvider(RotatingProvider):
    inputs = ("servers", "domain", "authority", "authority_key")

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        due = any(_is_due(issued["certificate"]) for issued in _olds["issued"].values())
        return DiffResult(changes=due or bool(self.changed(_olds, _news)))

    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["domain"], {**props, "issued": _issue(props, kept={})})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        good = all(_olds[key] == _news[key] for key in ("domain", "authority")) and not self.rotates(_olds, _news)
        return UpdateResult({**_news, "issued": _issue(_news, kept=_olds["issued"] if good else {})})


def _issue(props: Props, *, kept: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Certificates of all servers; one that is good stays, for a new one replaces its server's container."""
    from infra.clients.tls import certificate_authority

    authority = certificate_authority.KeyPair(props["authority"], props["authority_key"])
    issued: dict[str, Mapping[str, str]] = {}
    for server in props["servers"]:
        old = kept.get(server)
        if old and not _is_due(old["certificate"]):
            issued[server] = old
            continue
        new = certificate_authority.issue(authority, name=server, domain=props["domain"])
        issued[server] = {"certificate": new.certificate, "private_key": new.private_key}
    return issued


class ServerCertificates(Resource, module="ml-workspace", name="ServerCertificates"):
    """The certificates of a stack's containers; 397 days.

    Args:
        name: Logical name.
        servers: Names of the containers.
        domain: The network's name: a container is reached as ``<container>.<network>`` by its neighbours.
        authority: Who issues them.
        opts: Resource options.
    """

    issued: pulumi.Output[dict[str, dict[str, str]]]
    """`certificate` and `private_key` (PEM) by container; secret."""

    def __init__(
        self,
        name: str,
        *,
        servers: Sequence[str],
        domain: str,
        authority: CertificateAuthority,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "servers": list(servers),
            "domain": domain,
            "authority": authority.certificate,
            "authority_key": authority.private_key,
            **rotation.inputs(rotation.service(CERTIFICATES)),
            "issued": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["issued"])
        super().__init__(_ServerCertificatesProvider(), name, props, pulumi.ResourceOptions.merge(secret, opts))
