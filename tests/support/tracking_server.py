"""A tracking server of its own, confined as in a workspace, with a storage account behind it.

Clients are of two sorts: plain HTTP from this machine, and the unmodified MLflow client, which the image has too, from
another container of the network.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import minio
import requests
from docker import DockerClient
from docker.models.containers import Container
from docker.models.networks import Network

from infra import service_images
from infra.clients.engine import volume_writer
from tests.support.probes import probe_until

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
BUCKET, PREFIX = "azureml", "mlflow"
KEYS = ("storage-user", "storage-password")
OWNER = (10001, 10001)
PORT = 5000
MEMORY_MIB = 300
READ = ("experiments/read", "runs/read", "models/read")
EVERYTHING = tuple(
    f"{what}/{verb}" for what in ("experiments", "runs", "models") for verb in ("read", "write", "delete")
)
USERS: Mapping[str, Iterable[str]] = {
    "owner": EVERYTHING,
    "reader": READ,
    "operator": (),
    "custom": ("experiments/read", "runs/read", "runs/write"),
}
"""Users and their operations; each one's password is `password of NAME`."""


def password_of(user: str) -> str:
    """Return the password that a user has in these tests."""
    return f"password of {user}"


def users_file(users: Mapping[str, Iterable[str]]) -> bytes:
    """Return the content of the file of the users."""
    entries = [
        {"name": name, "password": hashlib.sha256(password_of(name).encode()).hexdigest(), "operations": list(held)}
        for name, held in users.items()
    ]
    return json.dumps({"users": entries}).encode()


@dataclass(kw_only=True)
class Server:
    """One server and what a client knows of it."""

    engine: DockerClient
    network: Network
    name: str
    storage: minio.Minio
    options: Mapping[str, Any]
    container: Container | None = None
    session: requests.Session = field(default_factory=requests.Session)

    def start(self, *, is_awaited: bool = True) -> None:
        """Start a container, instead of the one before."""
        self.remove()
        image = service_images.table()["tracking"]
        self.container = self.engine.containers.run(
            image.image,
            ["--config", "/etc/tracking/config.json"],
            name=self.name,
            user=image.user,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            tmpfs={"/tmp": "rw,size=64m"},
            mem_limit=f"{MEMORY_MIB}m",
            memswap_limit=f"{MEMORY_MIB}m",
            ports={f"{PORT}/tcp": ("127.0.0.1", 0)},
            network=self.network.name,
            detach=True,
            **self.options,
        )
        if is_awaited:
            self.await_ready()

    def await_ready(self) -> None:
        """Wait until the server responds."""
        probe_until(lambda: self.session.get(self.url("/health"), timeout=5).raise_for_status(), what="tracking")

    def remove(self) -> None:
        """Remove the container; the volumes stay."""
        if self.container is not None:
            self.container.remove(force=True)

    def url(self, path: str) -> str:
        """Return an address on this machine; the port changes with every start."""
        assert self.container is not None
        published = self.engine.api.port(str(self.container.id), PORT)
        if not published:
            raise requests.ConnectionError("the container is not running")
        return f"http://127.0.0.1:{published[0]['HostPort']}{path}"

    def request(self, method: str, path: str, *, user: str = "owner", **options: Any) -> requests.Response:  # noqa: ANN401
        """Send a request as a user."""
        login = (user, password_of(user))
        return self.session.request(method, self.url(path), auth=login, timeout=60, **options)

    def call(self, method: str, path: str, body: object = None, **query: str) -> dict[str, Any]:
        """Send a request as the owner, and return the document of the response, which must be a success."""
        reply = self.request(method, path, json=body, params=query)
        assert reply.status_code == requests.codes.ok, reply.text
        return dict(reply.json())

    def create_run(self, experiment: str = "0") -> str:
        """Create a run and return its id."""
        return str(self.call("POST", f"{API}/runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"])

    def set_users(self, users: Mapping[str, Iterable[str]]) -> None:
        """Replace the file of the users, as the workspace does."""
        carrier = volume_writer.Carrier(image=service_images.table()["tracking"].image, labels={})
        volume_writer.write(f"{self.name}-config", {}, {"users": users_file(users)}, carrier=carrier, owner=OWNER)

    def run_python(self, script: str, *, arguments: Sequence[str] = (), **variables: str) -> str:
        """Run a script in the server's image: next to the server, on its data, with MLflow's client logged in."""
        image = service_images.table()["tracking"]
        login = {
            "MLFLOW_TRACKING_URI": f"http://{self.name}:{PORT}",
            "MLFLOW_TRACKING_USERNAME": "owner",
            "MLFLOW_TRACKING_PASSWORD": password_of("owner"),
            "GIT_PYTHON_REFRESH": "quiet",
        }
        output = self.engine.containers.run(
            image.image,
            ["-c", script, *arguments],
            entrypoint=["/usr/bin/python3.11"],
            environment=login | variables,
            network=self.network.name,
            user=image.user,
            tmpfs={"/tmp": "rw"},
            volumes=self.options["volumes"],
            remove=True,
        )
        return bytes(output).decode()

    def objects(self, path: str = "") -> list[str]:
        """Return the keys of the objects below a path, relative to the prefix of the artifacts."""
        below = self.storage.list_objects(BUCKET, f"{PREFIX}/{path}", recursive=True)
        return [str(item.object_name).removeprefix(f"{PREFIX}/") for item in below]


@contextmanager
def running_server(engine: DockerClient, *, data: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server, and a storage account that keeps everything in memory.

    Args:
        engine: Where they run.
        data: Options of the driver of the volume with the database.
    """
    name = f"t{uuid.uuid4().hex[:8]}-tracking"
    with ExitStack() as ends:
        network = engine.networks.create(name)
        ends.callback(network.remove)
        storage = ends.enter_context(_storage(engine, network, f"{name}-storage"))
        for volume, options in (("data", dict(data or {})), ("config", {})):
            made = engine.volumes.create(f"{name}-{volume}", driver_opts=options)
            ends.callback(made.remove, force=True)
        volumes = {
            f"{name}-data": {"bind": "/var/lib/tracking"},
            f"{name}-config": {"bind": "/etc/tracking", "mode": "ro"},
        }
        server = Server(engine=engine, network=network, name=name, storage=storage, options={"volumes": volumes})
        _write_configuration(server)
        ends.callback(server.remove)
        server.start()
        yield server


def _write_configuration(server: Server) -> None:
    folder = "/etc/tracking"
    document = {
        "listen": f"0.0.0.0:{PORT}",
        "database": "/var/lib/tracking/mlflow.db",
        "users": f"{folder}/live/users",
        "artifacts": {
            "uri": f"s3://{BUCKET}/{PREFIX}",
            "endpoint": f"http://{server.name}-storage:9000",
            "credentials": f"{folder}/artifact-credentials",
        },
        "telemetry": {"endpoint": "http://127.0.0.1:1", "token": f"{folder}/telemetry-token"},
        "allowedHosts": ["127.0.0.1", server.name],
        "trashRetentionInDays": 7,
    }
    keys = f"[default]\naws_access_key_id = {KEYS[0]}\naws_secret_access_key = {KEYS[1]}\n"
    files = {"config.json": json.dumps(document), "artifact-credentials": keys, "telemetry-token": "none"}
    volume_writer.write(
        f"{server.name}-config",
        {name: content.encode() for name, content in files.items()},
        {"users": users_file(USERS)},
        carrier=volume_writer.Carrier(image=service_images.table()["tracking"].image, labels={}),
        owner=OWNER,
    )


@contextmanager
def _storage(engine: DockerClient, network: Network, name: str) -> Iterator[minio.Minio]:
    image = service_images.table()["minio"]
    container = engine.containers.run(
        image.image,
        ["server", "/data"],
        name=name,
        environment={"MINIO_ROOT_USER": KEYS[0], "MINIO_ROOT_PASSWORD": KEYS[1]},
        tmpfs={"/data": f"rw,uid={image.user.partition(':')[0]}"},
        ports={"9000/tcp": ("127.0.0.1", 0)},
        network=network.name,
        detach=True,
    )
    try:
        container.reload()
        published = engine.api.port(str(container.id), 9000) or []
        port = published[0]["HostPort"]
        client = minio.Minio(f"127.0.0.1:{port}", access_key=KEYS[0], secret_key=KEYS[1], secure=False)
        probe_until(lambda: client.make_bucket(BUCKET), what="the storage account of a tracking server")
        yield client
    finally:
        container.remove(force=True, v=True)
