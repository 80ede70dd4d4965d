"""Application insights under load for minutes, with kills at random times."""

import random

import pytest
from docker import DockerClient

from tests.support.collector import running_collector
from tests.support.span_load import SpanLoad

KILLS = 20
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
