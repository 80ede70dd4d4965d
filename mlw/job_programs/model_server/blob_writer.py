"""Writes blobs to the storage account: S3's signature, version 4, since the environment of a model has no client."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
from datetime import datetime, timezone
from urllib.parse import quote, urlsplit

_REGION, _SERVICE, _ALGORITHM = "us-east-1", "s3", "AWS4-HMAC-SHA256"
_TIMEOUT_SECONDS = 10.0
_OK = range(200, 300)


class BlobRefusedError(Exception):
    """The storage account returned an error."""


class BlobWriter:
    """One container.

    Args:
        endpoint: Address of the storage account.
        container: The container.
        access_key: Name of the user.
        secret_key: Its secret.
        ca_certificate: CA certificates (PEM) of the account; empty for plain HTTP.
    """

    def __init__(
        self, *, endpoint: str, container: str, access_key: str, secret_key: str, ca_certificate: str = ""
    ) -> None:
        self._url, self._container = urlsplit(endpoint), container
        self._access_key, self._secret_key = access_key, secret_key
        self._ca_certificate = ca_certificate

    def put(self, name: str, content: bytes) -> None:
        """Write a blob.

        Raises:
            OSError: The storage account does not respond.
            BlobRefusedError: It returned an error.
        """
        path = quote(f"/{self._container}/{name}")
        connection = self._connect()
        try:
            connection.request("PUT", path, content, self._headers("PUT", path, content))
            response = connection.getresponse()
            said = response.read()
        except http.client.HTTPException as exc:
            raise BlobRefusedError(f"{type(exc).__name__}: {exc}") from exc
        finally:
            connection.close()
        if response.status not in _OK:
            raise BlobRefusedError(f"status {response.status}: {said[:300].decode('utf-8', 'replace')}")

    def _connect(self) -> http.client.HTTPConnection:
        host = self._url.netloc
        if self._url.scheme != "https":
            return http.client.HTTPConnection(host, timeout=_TIMEOUT_SECONDS)
        context = ssl.create_default_context(cadata=self._ca_certificate or None)
        return http.client.HTTPSConnection(host, timeout=_TIMEOUT_SECONDS, context=context)

    def _headers(self, method: str, path: str, content: bytes) -> dict[str, str]:
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")  # noqa: UP017 - Python 3.9
        day, digest = now[:8], hashlib.sha256(content).hexdigest()
        signed = {"host": self._url.netloc, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        request = hashlib.sha256(f"{method}\n{path}\n\n{lines}\n{names}\n{digest}".encode()).hexdigest()
        scope = f"{day}/{_REGION}/{_SERVICE}/aws4_request"
        key = f"AWS4{self._secret_key}".encode()
        for step in (*scope.split("/"), f"{_ALGORITHM}\n{now}\n{scope}\n{request}"):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        credential = f"{self._access_key}/{scope}"
        signature = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
        return {**signed, "Authorization": signature, "Content-Type": "application/jsonl"}
