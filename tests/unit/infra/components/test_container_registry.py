"""The configuration files that the program writes for the two registries."""

import asyncio
from typing import Any

import pulumi
import pytest
import yaml

from infra.components import container_registry
from infra.components.assets import asset

SECRET = "0" * 32


@pytest.fixture(scope="module")
def registries() -> dict[str, dict[str, Any]]:
    """Every registry's configuration, parsed."""

    async def read() -> dict[str, dict[str, Any]]:
        return {
            file: yaml.safe_load(
                await container_registry._config(pulumi.Output.from_input(SECRET), registry, tls=False).future() or ""
            )
            for file, registry in container_registry.REGISTRIES.items()
        }

    return asyncio.run(read())


def test_every_registry_requires_a_password_and_completes_its_responses(registries: dict[str, dict[str, Any]]) -> None:
    for config in registries.values():
        assert config["auth"]["htpasswd"]["path"].startswith("/etc/distribution/live/")
        assert config["http"]["draintimeout"] == "15s"
        assert config["http"]["secret"] == SECRET


def test_only_one_registry_writes_caches_and_clears_up(registries: dict[str, dict[str, Any]]) -> None:
    told = {
        file: (
            config["storage"]["maintenance"]["readonly"]["enabled"],
            config["storage"]["maintenance"]["uploadpurging"]["enabled"],
            "cache" in config["storage"],
        )
        for file, config in registries.items()
    }

    assert told == {
        "readwrite.yml": (False, True, True),
        "readonly.yml": (True, False, False),
        "collecting.yml": (True, False, False),
    }


def test_roles_that_only_pull_have_access_only_to_the_read_only_port(registries: dict[str, dict[str, Any]]) -> None:
    users = {file: config["auth"]["htpasswd"]["path"].rpartition("/")[2] for file, config in registries.items()}

    assert users == {
        "readwrite.yml": container_registry.PUSH_USERS,
        "readonly.yml": container_registry.PULL_USERS,
        "collecting.yml": container_registry.PUSH_USERS,
    }
    assert registries["readwrite.yml"]["http"]["addr"] == registries["collecting.yml"]["http"]["addr"]


def test_scripts_use_no_file_that_is_not_written() -> None:
    scripts = asset("registry-start.sh") + asset("registry-collect.sh")

    assert all(file in scripts for file in container_registry.REGISTRIES)
    assert container_registry._FOLDER in scripts
