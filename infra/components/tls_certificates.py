"""TLS of a stack, where the stack file asks for it: the CA certificate, and each container's certificate as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pulumi

from infra.resources.tls_certificates import CertificateAuthority, ServerCertificates


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What one container shows its clients, as PEM text."""

    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]
    """Secret."""

    ca_certificate: pulumi.Output[str]
    """What to verify the certificates of other containers of the stack with."""


def bundle(ca_certificates: Iterable[pulumi.Input[str]]) -> pulumi.Output[str | None]:
    """The CA certificates that a client of several services needs, as one PEM text; None where all are plain HTTP."""
    return pulumi.Output.all(*ca_certificates).apply(lambda found: "".join(dict.fromkeys(found)) or None)


class Certificates:
    """The certificates of a stack.

    Args:
        name: Name of the resource group; in the subject of the certificate authority.
        network: Name of its network, which is the domain of the containers.
        containers: Names of those that serve clients.
        options: Options of the resources; they wait for what has to be there before anything lasting is made.
    """

    ca_certificate: pulumi.Output[str]
    """CA certificate (PEM); public."""

    ca_bundle: pulumi.Output[str]
    """CA certificate and its private key (PEM); secret. Vault's `pki` imports this form."""

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
        """What a container shows its clients."""
        return ServerCertificate(
            certificate=self._issued.apply(lambda issued: issued[container]["certificate"]),
            private_key=self._issued.apply(lambda issued: issued[container]["private_key"]),
            ca_certificate=self.ca_certificate,
        )
