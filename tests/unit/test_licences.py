"""LICENSE, NOTICE and SECURITY.md match what the project is and builds."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the text that apache.org publishes."""
PATCHED = sorted(path.parent.name for path in (ROOT / "tools" / "go").glob("*/patches.toml"))


def test_the_licence_is_the_published_text_of_apache_2() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2


def test_the_package_declares_its_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE", "NOTICE"])


@pytest.mark.parametrize("service", PATCHED)
def test_the_notice_names_the_source_of_every_patched_service(service: str) -> None:
    recipe = tomllib.loads((ROOT / "tools" / "go" / service / "recipe.toml").read_text(encoding="utf-8"))
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")

    module = recipe["upstream"]["module"]
    assert set(re.findall(rf"{module.partition('@')[0]}@[\w.-]+", notice)) == {module}
    assert f"tools/go/{service}/patches.toml" in notice


def test_the_supported_version_is_this_one() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    series = ".".join(version.split(".")[:2])

    assert f"| {series}.x | yes |" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
