"""Application insights under load for minutes, with kills at random times."""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from docker import DockerClient

from infra import service_images
from tests.support.collector import Collector, running_collector
from tests.support.second_engine import SecondEngine, address_of, killable_engine
from tests.support.span_load import SpanLoad

KILLS, ENGINE_KILLS = 20, 10
LONGEST = 100
"""Acknowledged batches between two kills, at most: about five seconds."""


@pytest.mark.fault(
    "application insights and its store are killed 20 times under 500 spans per second",
    "every acknowledged span is kept once",
)
def test_every_acknowledged_span_is_kept_exactly_once_through_many_kills(
    engine: DockerClient, soak_scale: float
) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - moments, no secrets
    chosen = random.Random(seed)  # noqa: S311 - same
    with running_collector(engine) as collector:
        load = SpanLoad(collector=collector)
        with load.running():
            for _ in range(max(4, round(KILLS * soak_scale))):
                load.wait_for(chosen.randint(1, LONGEST))
                victims = chosen.choice(
                    [[collector.store], [collector.container], [collector.container, collector.store]]
                )
                for victim in victims:
                    victim.kill("SIGKILL")
                for victim in victims:
                    victim.start()
            load.wait_for(LONGEST)

        load.verify()
        print(f"seed {seed}: {len(load.acknowledged)} of {load.sent} batches acknowledged")


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("dockerd"), reason="needs root and dockerd for a second engine"
)
@pytest.mark.fault(
    "the Docker engine is killed or restarted 10 times under 500 spans per second",
    "every acknowledged span is kept once",
)
def test_every_acknowledged_span_is_kept_exactly_once_through_kills_of_the_engine(
    engine: DockerClient, soak_scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - moments, no secrets
    chosen = random.Random(seed)  # noqa: S311 - same
    # A short path: that of a socket is limited.
    with tempfile.TemporaryDirectory(prefix="mlw-") as made, killable_engine(engine, Path(made)) as second:
        monkeypatch.setenv("DOCKER_HOST", address_of(Path(made)))
        for image in ("collector", "insights"):
            second.copy_image(service_images.table()[image].image, engine)
        with running_collector(second.client, network_options=second.network) as collector:
            ports = [collector.port()]  # the engine cannot be asked while it is down
            load = SpanLoad(collector=collector, find_port=lambda: ports[0])
            with load.running():
                for _ in range(max(2, round(ENGINE_KILLS * soak_scale))):
                    load.wait_for(chosen.randint(1, LONGEST))
                    ports.clear()
                    interrupt(second, collector, chosen)
                    ports.append(collector.port())
                load.wait_for(LONGEST)

            load.verify()
            print(f"seed {seed}: {len(load.acknowledged)} of {load.sent} batches acknowledged")


def interrupt(second: SecondEngine, collector: Collector, chosen: random.Random) -> None:
    """Kill the engine, or stop it; start it, and both containers, which have no restart policy here."""
    chosen.choice([second.kill, second.kill, second.stop])()
    second.start()
    for container in chosen.sample([collector.container, collector.store], 2):
        container.start()
