"""A stack's own certificate authority and its certificates: pure functions over PEM text.

The CA's name constraints allow only `localhost` and one domain (the stack's network), so a stolen CA key cannot be used
to impersonate a server on the internet. IP addresses are not constrained, because BoringSSL, and so every gRPC client,
rejects a chain with a constraint on IP addresses.

Import it inside functions: it loads a large library that only stacks with TLS need.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""The longest validity that clients accept (CA/Browser Forum, baseline requirements 6.3.2: 398 days)."""

RENEWAL_DAYS = 30
"""Days before its expiry when a certificate is due: the next update issues a new one."""

LOOPBACK = ipaddress.ip_address("127.0.0.1")
LOCALHOST = "localhost"
ORGANIZATION = "ml-workspace"

_SKEW = dt.timedelta(minutes=5)
_MAX_COMMON_NAME = 64


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both as PEM text."""

    certificate: str
    private_key: str


def make_authority(name: str, *, domain: str, now: dt.datetime | None = None) -> KeyPair:
    """Create a CA that may issue certificates for `localhost`, names below ``domain``, and IP addresses."""
    key, now = _new_key(), now or dt.datetime.now(tz=dt.UTC)
    allowed = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName(LOCALHOST), x509.DNSName(domain.lower())],
        excluded_subtrees=None,
    )
    subject = _subject(name)
    builder = (
        _builder(subject, subject, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(allowed, critical=True)
    )
    return _signed(builder, key, key)


def issue(authority: KeyPair, *, name: str, domain: str, now: dt.datetime | None = None) -> KeyPair:
    """Issue the certificate of a server: for 127.0.0.1, `localhost` and ``name`` below ``domain``."""
    key, now = _new_key(), now or dt.datetime.now(tz=dt.UTC)
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signer = load_pem_private_key(authority.private_key.encode(), password=None)
    if not isinstance(signer, EllipticCurvePrivateKey):
        raise TypeError("the key of the CA is not an elliptic curve key")
    names: list[x509.GeneralName] = [
        x509.DNSName(LOCALHOST),
        x509.DNSName(f"{name}.{domain}".lower()),
        x509.IPAddress(LOOPBACK),
    ]
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_subject(name), issuer.subject, key, now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return _signed(builder, key, signer)


def issue_all(
    authority: KeyPair, servers: Sequence[str], *, domain: str, kept: Mapping[str, KeyPair]
) -> dict[str, KeyPair]:
    """Issue certificates for all servers; a valid one is kept, because a new one replaces its server's container."""
    return {
        server: old
        if (old := kept.get(server)) and not is_due(old.certificate)
        else issue(authority, name=server, domain=domain)
        for server in servers
    }


def expires(certificate: str) -> dt.datetime:
    """Expiry of a certificate, in UTC."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def is_due(certificate: str, *, now: dt.datetime | None = None) -> bool:
    """Whether the certificate is due for renewal."""
    return expires(certificate) - (now or dt.datetime.now(tz=dt.UTC)) < dt.timedelta(days=RENEWAL_DAYS)


def _new_key() -> EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _subject(name: str) -> x509.Name:
    if len(name) > _MAX_COMMON_NAME:  # RFC 5280, ub-common-name
        name = f"{name[: _MAX_COMMON_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, key: EllipticCurvePrivateKey, signer: EllipticCurvePrivateKey) -> KeyPair:
    return KeyPair(
        certificate=builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM).decode(),
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )
