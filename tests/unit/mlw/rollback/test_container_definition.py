"""A container made from the state: what is not known here is refused before anything is touched."""

from unittest.mock import Mock, call

import pytest

from mlw.lifecycle.lifecycle_errors import LifecycleError
from mlw.rollback.container_definition import _connect, make


def test_a_definition_with_more_than_is_known_is_refused() -> None:
    with pytest.raises(
        LifecycleError, match="recreating container 'st-storage': its definition has 'devices', which only"
    ):
        make({"name": "st-storage", "image": "sha256:1", "devices": [{"hostPath": "/dev/fuse"}]})


def test_a_container_is_connected_with_its_aliases_and_to_nothing_else() -> None:
    client = Mock()

    _connect(client, "c1", {"networksAdvanced": [{"name": "rg", "aliases": ["store"]}, {"name": "other"}]})

    assert client.api.method_calls == [
        call.disconnect_container_from_network("c1", "bridge", force=True),
        call.connect_container_to_network("c1", "rg", aliases=["store"]),
        call.connect_container_to_network("c1", "other", aliases=None),
    ]
