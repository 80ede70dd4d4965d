"""Findings about responses, from a real HTTP server that responds as each service would."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.clients.service_connection import ServiceConnection
from infra.services import SERVICES
from mlw.diagnosis import service_checks
from mlw.diagnosis.diagnosed_services import DiagnosedService
from mlw.diagnosis.findings import Finding, Group
from mlw.diagnosis.service_checks import check_answers, check_record
from tests.unit.states import CREDENTIALS, a_record, resource_id

DATASTORES = [
    {"name": "workspaceblobstore", "container": "b"},
    {"name": "workspaceartifactstore", "container": "azureml"},
]


@dataclass
class Server:
    """A service: status of each path, with and without the right header."""

    statuses: dict[str, int] = field(default_factory=dict)
    private: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Path to the header and value that turn its answer into 200."""
    address: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, headers: Any) -> int:  # noqa: ANN401 - the server's own mapping
        """Status of one request."""
        self.asked.append(path)
        name, value = self.private.get(path, ("", ""))
        return 200 if name and headers.get(name) == value else self.statuses.get(path, 404)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(made.answer(self.path, self.headers))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            return

    monkeypatch.setattr(service_checks, "PATIENCE_SECONDS", 0.2)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        made.address = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        listening.shutdown()
        thread.join()


@pytest.fixture
def service(server: Server) -> Callable[[str], DiagnosedService]:
    def make(key: str) -> DiagnosedService:
        found = SERVICES[key]
        return DiagnosedService(
            service=found,
            resource_id=resource_id("churn", key),
            owner="churn",
            connection=ServiceConnection(endpoint=server.address, credentials=CREDENTIALS[found.credentials_key]),
            others=tuple(server.address for _ in found.endpoints[1:]),
        )

    return make


@pytest.fixture
def vault(server: Server, service: Callable[[str], DiagnosedService]) -> DiagnosedService:
    """A key vault that is well."""
    server.statuses = {"/v1/sys/health": 200, "/v1/auth/token/lookup-self": 403}
    server.private = {"/v1/auth/token/lookup-self": ("X-Vault-Token", "secret-of-vault")}
    return service("keyVault")


class TestAnswers:
    """Ready as its gate asks, and taking the stack's own credentials."""

    def test_a_vault_that_is_open_and_takes_the_token_is_well(self, vault: DiagnosedService, server: Server) -> None:
        assert list(check_answers(vault)) == []
        assert server.asked == ["/v1/sys/health", "/v1/auth/token/lookup-self"]

    @pytest.mark.parametrize(
        ("status", "code", "words"),
        [
            (503, "Sealed", "it is sealed, so no secret can be read"),
            (501, "NotInitialised", "it is not initialised"),
            (429, "NotReady", "it is not ready: GET"),
        ],
    )
    def test_a_vault_that_is_not_open_says_why(
        self, vault: DiagnosedService, server: Server, status: int, code: str, words: str
    ) -> None:
        server.statuses["/v1/sys/health"] = status

        (finding,) = check_answers(vault)

        assert (finding.group, finding.code) == (Group.KEY_VAULT, code)
        assert finding.message.startswith(f"key vault 'kv-churn': {words}")
        assert f"-> {status}" in finding.message

    def test_refused_credentials_are_told_without_showing_them(self, vault: DiagnosedService, server: Server) -> None:
        server.private = {}

        (finding,) = check_answers(vault)

        assert (finding.group, finding.code) == (Group.KEY_VAULT, "CredentialsRefused")
        assert "GET /v1/auth/token/lookup-self -> 403" in finding.message
        assert finding.message.endswith("`mlw keys churn` shows the right ones.")
        assert "secret-of-vault" not in finding.message

    def test_a_registry_has_to_ask_for_credentials_and_to_take_them(
        self, server: Server, service: Callable[[str], DiagnosedService]
    ) -> None:
        server.statuses = {"/v2/": 401}
        server.private = {"/v2/": ("Authorization", "Basic YWRtaW46c2VjcmV0LW9mLXJlZ2lzdHJ5")}
        assert list(check_answers(service("containerRegistry"))) == []

        server.statuses = {"/v2/": 200}
        (finding,) = check_answers(service("containerRegistry"))
        assert (finding.group, finding.code) == (Group.CONTAINER_REGISTRY, "NotReady")
        assert finding.message.startswith("container registry 'crchurn': it is not ready: GET")
        assert "-> 200 for 0 s; expected: 401" in finding.message

    def test_telemetry_without_token_must_be_refused(
        self, server: Server, service: Callable[[str], DiagnosedService]
    ) -> None:
        server.statuses = {"/v1/traces": 401}
        server.private = {"/v1/traces": ("Authorization", "Bearer secret-of-telemetry")}

        assert list(check_answers(service("applicationInsights"))) == []

    def test_a_service_that_starts_up_is_waited_for(
        self, vault: DiagnosedService, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = iter([503, 503])
        monkeypatch.setattr(service_checks, "PATIENCE_SECONDS", 30.0)
        answer = server.answer
        monkeypatch.setattr(server, "answer", lambda path, headers: next(first, None) or answer(path, headers))

        assert list(check_answers(vault)) == []

    def test_nobody_listening_is_not_ready(self, vault: DiagnosedService) -> None:
        gone = replace(vault, connection=replace(vault.connection, endpoint="http://127.0.0.1:1"))

        (finding,) = check_answers(gone)

        assert (finding.code, "ConnectionRefusedError" in finding.message) == ("NotReady", True)


class _RefusedError(Exception):
    code = "SignatureDoesNotMatch"


class TestRecord:
    """The document in the storage account against the stack's output."""

    @pytest.fixture
    def storage(self, service: Callable[[str], DiagnosedService]) -> DiagnosedService:
        return service("storageAccount")

    @pytest.fixture
    def document(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | Exception | None], None]:
        """Put something in the place of the record."""

        def put(content: bytes | Exception | None) -> None:
            def get_document(_store: object, bucket: str, key: str) -> bytes | None:
                assert (bucket, key) == ("azureml", "workspace.json")
                if isinstance(content, Exception):
                    raise content
                return content

            monkeypatch.setattr("infra.clients.storage.object_store.ObjectStore.get_document", get_document)

        return put

    def _check(self, storage: DiagnosedService) -> list[Finding]:
        return list(check_record(storage, DATASTORES, a_record("churn")))

    def test_the_same_record_is_well_whatever_its_order(
        self, storage: DiagnosedService, document: Callable[[bytes], None]
    ) -> None:
        document(json.dumps(dict(reversed(a_record("churn").items()))).encode())

        assert self._check(storage) == []

    @pytest.mark.parametrize(
        ("content", "code", "words"),
        [
            (None, "RecordMissing", "'azureml/workspace.json' in storage account 'stchurn' is gone"),
            (b"{", "RecordDiffers", "it is not JSON"),
            (b"[]", "RecordDiffers", "it is not a JSON object"),
            (
                json.dumps(a_record("churn", location="northeurope")).encode(),
                "RecordDiffers",
                "'location' is 'northeurope' instead of 'westeurope'",
            ),
            (
                json.dumps(a_record("churn", extra=1)).encode(),
                "RecordDiffers",
                "'extra' is 1 instead of None",
            ),
        ],
        ids=["gone", "cut off", "a list", "another value", "one more key"],
    )
    def test_another_record_is_told(
        self,
        storage: DiagnosedService,
        document: Callable[[bytes | None], None],
        content: bytes | None,
        code: str,
        words: str,
    ) -> None:
        document(content)

        (finding,) = self._check(storage)

        assert (finding.group, finding.code) == (Group.OTHER, code)
        assert words in finding.message

    def test_a_storage_account_that_refuses_the_keys_is_told(
        self, storage: DiagnosedService, document: Callable[[Exception], None]
    ) -> None:
        document(_RefusedError())

        (finding,) = self._check(storage)

        assert (finding.group, finding.code) == (Group.STORAGE_ACCOUNT, "CredentialsRefused")
        assert "GET azureml/workspace.json -> SignatureDoesNotMatch" in finding.message

    def test_what_nobody_foresaw_is_not_swallowed(
        self, storage: DiagnosedService, document: Callable[[Exception], None]
    ) -> None:
        document(OSError("cable"))

        with pytest.raises(OSError, match="cable"):
            self._check(storage)
