"""TLS of a stack, where the stack file asks for it: the authority, and each container's certificate as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pulumi

from infra.components.base import ServiceComponent
from infra.components.resource_group import ResourceGroup
from infra.resources.certificates import CertificateAuthority, ServerCertificates


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What one container shows its clients, as PEM text."""

    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]
    """Secret."""

    authority: pulumi.Output[str]
    """Certificate of the authority: what to trust when talking to a neighbour."""


def authorities(trusted: Iterable[pulumi.Input[str]]) -> pulumi.Output[str | None]:
    """All that a client of several services has to trust, as one PEM text; None where all of them are plain HTTP."""
    return pulumi.Output.all(*trusted).apply(lambda found: "".join(dict.fromkeys(found)) or None)


class Certificates:
    """The certificates of a stack.

    Args:
        group: The resource group; its network's name is the domain of the containers.
        services: Those that serve clients.
        after: What has to be there before anything lasting is made.
    """

    authority: pulumi.Output[str]
    """Certificate of the authority (PEM); public."""

    bundle: pulumi.Output[str]
    """Certificate and private key of the authority (PEM); secret. Vault's `pki` imports this form."""

    def __init__(self, group: ResourceGroup, services: Sequence[ServiceComponent], *, after: pulumi.Resource) -> None:
        options = group.child_options(after=after)
        made = CertificateAuthority(
            f"{group.resource_name}-authority", owner=group.resource_name, domain=group.network_name, opts=options
        )
        servers = ServerCertificates(
            f"{group.resource_name}-certificates",
            servers=[service.container_name for service in services],
            domain=group.network_name,
            authority=made,
            opts=options,
        )
        self.authority = made.certificate
        self.bundle = pulumi.Output.concat(made.certificate, made.private_key)
        self._issued = servers.issued

    def of(self, container: str) -> ServerCertificate:
        """What a container shows its clients."""
        return ServerCertificate(
            certificate=self._issued.apply(lambda issued: issued[container]["certificate"]),
            private_key=self._issued.apply(lambda issued: issued[container]["private_key"]),
            authority=self.authority,
        )
