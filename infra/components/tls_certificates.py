"""TLS of a stack, if the stack file enables it: the CA certificate, and each container's certificate files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pulumi

from infra.resources.tls_certificates import CertificateAuthority, ServerCertificates


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """The certificate of one container, as PEM text."""

    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]
    """Secret."""

    ca_certificate: pulumi.Output[str]
    """CA certificate, to verify the certificates of the stack's other containers."""


def bundle(ca_certificates: Iterable[pulumi.Input[str]]) -> pulumi.Output[str | None]:
    """The CA certificates for a client of several services, as one PEM text; None if all are plain HTTP."""
    return pulumi.Output.all(*ca_certificates).apply(lambda found: "".join(dict.fromkeys(found)) or None)


class Certificates:
    """The certificates of a stack.

    Args:
        name: Name of the resource group; in the subject of the certificate authority.
        network: Name of its network, the domain of the containers.
        containers: Names of the containers that serve clients.
        options: Options of the resources, with what must exist before anything permanent is created.
    """

    ca_certificate: pulumi.Output[str]
    """CA certificate (PEM); public."""

    ca_bundle: pulumi.Output[str]
    """CA certificate and its private key (PEM), in the form that Vault's `pki` imports; secret."""

    def __init__(self, name: str, *, network: str, containers: Sequence[str], options: pulumi.ResourceOptions) -> None:
        made = CertificateAuthority(f"{name}-authority", owner=name, domain=network, opts=options)
        servers = ServerCertificates(
            f"{name}-certificates",
            servers=containers,
            domain=network,
            authority=made,
            opts=options,
        )
        self.ca_certificate = made.certificate
        self.ca_bundle = pulumi.Output.concat(made.certificate, made.private_key)
        self._issued = servers.issued

    def of(self, container: str) -> ServerCertificate:
        """The certificate of a container."""
        return ServerCertificate(
            certificate=self._issued.apply(lambda issued: issued[container]["certificate"]),
            private_key=self._issued.apply(lambda issued: issued[container]["private_key"]),
            ca_certificate=self.ca_certificate,
        )
