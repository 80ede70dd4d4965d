"""Connections to services, created from what a test has."""

from infra.clients.service_connection import ServiceConnection


def to_storage(endpoint: str, access_key: str, secret_key: str, ca_certificate: str = "") -> ServiceConnection:
    """A connection to a storage account."""
    keys = {"accessKey": access_key, "secretKey": secret_key}
    return ServiceConnection(endpoint=endpoint, credentials=keys, ca_certificate=ca_certificate)


def to_vault(endpoint: str, token: str = "", ca_certificate: str = "") -> ServiceConnection:
    """A connection to a key vault; without a token for the calls that need none."""
    credentials = {"token": token} if token else {}
    return ServiceConnection(endpoint=endpoint, credentials=credentials, ca_certificate=ca_certificate)
