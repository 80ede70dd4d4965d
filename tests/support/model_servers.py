"""Instances of deployments without a model: HTTP servers in containers of a stack's network, and publishing them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from typing import Any

from docker import DockerClient

from infra import service_images
from tests.support.processes import run
from tests.support.stacks import Stack

PORT = 5001
_SERVER = """
import http.server, os, time
class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(float(self.headers.get("x-seconds", 0)))
        said = (os.environ["NAME"] + " " + self.path + " " + str("Authorization" in self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
Server(("", 5001), Model).serve_forever()
"""
_PUBLISH = """
import json, sys
from mlw.inference import PublishedDeployment, PublishedEndpoint, publish
from mlw.stacks.stacks import open_stack
document = json.load(sys.stdin)
publish(open_stack(sys.argv[1]), [
    PublishedEndpoint(**{**one, "deployments": [PublishedDeployment(**each) for each in one["deployments"]]})
    for one in document
])
"""


@contextmanager
def model_servers(engine: DockerClient, stack: Stack, network: str, names: Sequence[str]) -> Iterator[None]:
    """Run a server for each name, which is also its host name in the network."""
    python = service_images.table()["python"]
    with ExitStack() as ended:
        for name in names:
            container = engine.containers.create(
                python.image,
                entrypoint=[python.binary],
                command=["-c", _SERVER],
                environment={"NAME": name},
                user=python.user,
                name=f"{stack.workload}-{name}",
            )
            ended.callback(container.remove, force=True)
            engine.networks.get(network).connect(container, aliases=[name])
            container.start()
        yield


def digest(key: str) -> str:
    """Return what is published of a key."""
    return sha256(key.encode()).hexdigest()


def publish(stack: Stack, *endpoints: Mapping[str, Any]) -> None:
    """Publish endpoints, as `mlw` does, in a process of its own."""
    environment = stack.environment
    command = ["python", "-c", _PUBLISH, stack.name]
    run(command, cwd=environment.project, env=environment.variables, stdin=json.dumps(endpoints)).check()
