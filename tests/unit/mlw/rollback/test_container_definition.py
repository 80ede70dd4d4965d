"""A container made from the state: what is not known here is refused before anything is touched."""

import pytest

from mlw.lifecycle.lifecycle_errors import LifecycleError
from mlw.rollback.container_definition import make


def test_a_definition_with_more_than_is_known_is_refused() -> None:
    with pytest.raises(
        LifecycleError, match="recreating container 'st-storage': its definition has 'devices', which only"
    ):
        make({"name": "st-storage", "image": "sha256:1", "devices": [{"hostPath": "/dev/fuse"}]})
