"""A studio without a network: a fake stack whose services answer from memory."""

import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from infra.clients.key_vault import vault_secrets
from infra.clients.key_vault.vault_secrets import Secret
from infra.clients.registry.image_listing import Tag
from infra.clients.storage.blob_listing import Blob, Container, Content
from infra.host import folders
from mlw.diagnosis.engine_snapshot import Snapshot
from mlw.insights.client import InsightsClient
from mlw.stacks.stacks import Stack
from mlw.studio import blob_download, endpoint_section, job_section, notebook_files, tracking_section
from mlw.studio.panels import computes_panel, health_panel, registry_panel, secrets_panel, storage_panel
from mlw.studio.studio_application import Studio
from tests.support.example_computes import CLUSTERS, INSTANCES
from tests.support.example_endpoints import ExampleEndpoints
from tests.support.example_jobs import ExampleJobs
from tests.support.example_notebooks import example
from tests.support.fake_tracking import example_tracking
from tests.support.insights_rows import EVIL, result_of
from tests.support.memory_folders import MemoryFolders
from tests.unit.states import CREDENTIALS, Place, a_workspace, the_outputs

PORT = 8790
STACK = "churn"
NAMED = EVIL.replace("/", "")
"""A name of a file."""

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class FakeBlobs:
    """A storage account with one container, one folder and one blob."""

    def __init__(self, _connection: object) -> None:
        pass

    def containers(self) -> list[Container]:
        return [Container(name="data", created=NOW)]

    def blobs(self, _container: str, *, folder: str, after: str, limit: int) -> list[Blob]:
        found = [Blob(name=f"{folder}{EVIL}/"), Blob(name=f"{folder}{EVIL}", size=2048, modified=NOW)]
        many = [Blob(name=f"{folder}x{number:03}", size=1, modified=NOW) for number in range(200)]
        return [blob for blob in (*found, *many) if blob.name > after][:limit]

    def versions(self, _container: str, name: str, **_limit: int) -> list[Blob]:
        newest = Blob(name=name, modified=NOW, version="v2", is_deletion=True)
        return [newest, Blob(name=name, size=7, modified=NOW, version="v1", is_newest=False)]

    def reading(self, _container: str, _name: str, **_version: str) -> "FakeReading":
        return FakeReading()


class FakeReading:
    """The content of a blob."""

    def __enter__(self) -> Content:
        return Content(size=15, pieces=iter([b"<script>", b"alert()"]))

    def __exit__(self, *_exc: object) -> None:
        pass


class FakeImages:
    """A registry with one repository."""

    def __init__(self, _connection: object) -> None:
        pass

    def repositories(self, **_page: object) -> list[str]:
        return ["models/churn"]

    def tags(self, _repository: str, **_limit: int) -> list[Tag]:
        return [Tag(name="v1", digest="sha256:0123456789abcdef", size=3_000_000, kind=EVIL, layers=3)]


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """Scripts of other projects."""
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "htmx.min.js").write_text("htmx", encoding="utf-8")
    return folder


@pytest.fixture
def endpoints() -> ExampleEndpoints:
    """Online endpoints of the stack."""
    return ExampleEndpoints()


@pytest.fixture
def folders_of_notebooks() -> MemoryFolders:
    """The container of the notebooks' file store."""
    return MemoryFolders({"Users/ana/churn.ipynb": example(), f"Users/ana/{NAMED}": b"a", "Users/bea/": b""})


@pytest.fixture
def studio(
    place: Place,
    assets: Path,
    endpoints: ExampleEndpoints,
    folders_of_notebooks: MemoryFolders,
    monkeypatch: pytest.MonkeyPatch,
) -> Studio:
    """A studio for all stacks."""
    tracked = {"insights": "http://127.0.0.1:20007", "tracking": "http://127.0.0.1:20008"}
    outputs = the_outputs(STACK, endpoints={**the_outputs(STACK)["endpoints"], **tracked})
    more = {"workspaceblobstore": "blobs", "workspaceworkingdirectory": "code"}
    outputs["datastores"] = [*outputs["datastores"], *({"name": name, "container": of} for name, of in more.items())]
    place.deploy(STACK, a_workspace(STACK, outputs=outputs))
    shutil.copy(folders.repo() / "stacks" / "rates.yaml", place.stacks)
    held = {**CREDENTIALS, "insights": {"token": "secret-of-insights"}}
    monkeypatch.setattr(Stack, "credentials", lambda _stack: held)
    monkeypatch.setattr(InsightsClient, "query", lambda _self, sql, used, **_rows: result_of(sql, used))
    for module in (storage_panel, blob_download):
        monkeypatch.setattr(module, "BlobListing", FakeBlobs)
    monkeypatch.setattr(tracking_section, "tracking_of", lambda _access: example_tracking())
    monkeypatch.setattr(job_section, "has_computes", lambda _access: True)
    monkeypatch.setattr(job_section, "jobs_of", lambda _access: ExampleJobs())
    monkeypatch.setattr(endpoint_section, "has_front", lambda _access: True)
    monkeypatch.setattr(endpoint_section, "endpoints_of", lambda _access: endpoints)
    monkeypatch.setattr(computes_panel, "computes_of", lambda _stack: CLUSTERS)
    monkeypatch.setattr(computes_panel, "instances_of", lambda _stack: INSTANCES)
    monkeypatch.setattr(notebook_files, "BlobFolders", lambda _connection, _container: folders_of_notebooks)
    monkeypatch.setattr(registry_panel, "ImageListing", FakeImages)
    secrets = [
        Secret(name=EVIL, version=3, updated=NOW, deleted=None, content_type=EVIL),
        Secret(name="gone", version=1, updated=NOW, deleted=NOW),
    ]
    monkeypatch.setattr(secrets_panel, "Vault", lambda _connection: None)
    monkeypatch.setattr(vault_secrets, "list_secrets", lambda _vault, **_now: secrets)
    nothing = Snapshot(containers=(), volumes=frozenset(), networks=frozenset())
    monkeypatch.setattr(health_panel, "take_snapshot", lambda **_wanted: nothing)
    return Studio(port=PORT, assets=assets)


@pytest.fixture
def stranger(studio: Studio) -> TestClient:
    """A browser that is not logged in."""
    return TestClient(studio.application(), base_url=f"http://127.0.0.1:{PORT}", follow_redirects=False)


@pytest.fixture
def browser(studio: Studio, stranger: TestClient) -> Iterator[TestClient]:
    """A browser that is logged in."""
    assert stranger.get(f"/login/{studio.sessions.login_token}").status_code == 200
    yield stranger
    logging.getLogger("mlw.studio").handlers.clear()
