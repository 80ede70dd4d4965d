"""Certificates of a stack with TLS: its own CA, and one certificate for each container that serves clients.

Both are renewed automatically: an update replaces a certificate that is due; `MLW_ROTATE` replaces it earlier. Private
keys are always secret; clients verify with the public CA certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pulumi
from typing_extensions import override

from infra.resources import rotation
from infra.resources.resource import CreateResult, DiffResult, Props, Resource, UpdateResult
from infra.resources.rotation import RotatingProvider

AUTHORITY, CERTIFICATES = "authority", "certificates"
"""Their names in `mlw keys rotate --service`."""


class CertificateAuthorityProvider(RotatingProvider):
    """Verbs of :class:`CertificateAuthority`."""

    inputs = ("owner", "domain")

    @override
    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return DiffResult(changes=bool(self.changed(_olds, _news)) or _is_due(_olds["certificate"]))

    @override
    def create(self, props: Props) -> CreateResult:
        from infra.clients.tls import certificate_authority

        made = certificate_authority.make_authority(props["owner"], domain=props["domain"])
        return CreateResult(props["owner"], {**props, **asdict(made)})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(self.create(_news).outs)


def _is_due(certificate: str) -> bool:
    from infra.clients.tls import certificate_authority

    return certificate_authority.is_due(certificate)


class CertificateAuthority(
    Resource, module="certificates", provider=CertificateAuthorityProvider, secrets=("private_key",)
):
    """The CA of one stack, valid for ten years.

    Args:
        name: Logical name.
        owner: Owner of the CA; in the certificate's subject.
        domain: The only domain, besides `localhost` and 127.0.0.1, that the CA may issue certificates for.
        opts: Resource options.
    """

    certificate: pulumi.Output[str]
    """The certificate (PEM), which clients trust; public."""

    private_key: pulumi.Output[str]
    """The private key (PEM); secret."""

    def __init__(self, name: str, *, owner: str, domain: str, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs: Props = {
            "owner": owner,
            "domain": domain,
            **rotation.inputs(rotation.service(AUTHORITY)),
        }
        super().__init__(name, inputs, opts)


class ServerCertificatesProvider(RotatingProvider):
    """Verbs of :class:`ServerCertificates`."""

    inputs = ("servers", "domain", "ca_certificate", "ca_private_key")

    @override
    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        due = any(_is_due(issued["certificate"]) for issued in _olds["issued"].values())
        return DiffResult(changes=due or bool(self.changed(_olds, _news)))

    @override
    def create(self, props: Props) -> CreateResult:
        return CreateResult(props["domain"], {**props, "issued": _issue(props, kept={})})

    @override
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        good = all(_olds[key] == _news[key] for key in ("domain", "ca_certificate"))
        kept = _olds["issued"] if good and not self.rotates(_olds, _news) else {}
        return UpdateResult({**_news, "issued": _issue(_news, kept=kept)})


def _issue(props: Props, *, kept: Mapping[str, Mapping[str, str]]) -> Props:
    from infra.clients.tls import certificate_authority
    from infra.clients.tls.certificate_authority import KeyPair

    authority = KeyPair(props["ca_certificate"], props["ca_private_key"])
    issued = certificate_authority.issue_all(
        authority,
        props["servers"],
        domain=props["domain"],
        kept={server: KeyPair(**pair) for server, pair in kept.items()},
    )
    return {server: asdict(pair) for server, pair in issued.items()}


class ServerCertificates(Resource, module="certificates", provider=ServerCertificatesProvider, secrets=("issued",)):
    """The certificates of a stack's containers, valid for 397 days.

    Args:
        name: Logical name.
        servers: Names of the containers.
        domain: The network's name: other containers connect to ``<container>.<network>``.
        authority: The CA that issues them.
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
        inputs: Props = {
            "servers": list(servers),
            "domain": domain,
            "ca_certificate": authority.certificate,
            "ca_private_key": authority.private_key,
            **rotation.inputs(rotation.service(CERTIFICATES)),
        }
        super().__init__(name, inputs, opts)
