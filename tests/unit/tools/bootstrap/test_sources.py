import hashlib
import io
import platform
import tarfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tools.bootstrap import downloads, golang, patched_modules, sources, versions
from tools.bootstrap.bootstrap_errors import BootstrapError, UnavailableError

CLI = versions.tool("pulumi")
HOST = versions.tool("pulumi-language-python")
PROVIDER = versions.tool("pulumi-resource-docker")


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No installation of Pulumi, no network, on Linux x86-64."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(downloads, "read_json", refuse)
    monkeypatch.setattr(downloads, "fetch", refuse)


def refuse(*_: object, **__: object) -> None:
    raise UnavailableError("closed network")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    return made


def archive_of(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name.replace("__", "/").replace("_", "-"))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def serve(monkeypatch: pytest.MonkeyPatch, archive: Path, name: str) -> None:
    """Respond like GitHub and the download host, with one archive."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    record = {"assets": [{"name": "other", "digest": "sha256:1"}, {"name": name, "digest": f"sha256:{digest}"}]}

    def fetch(_: str, target: Path, *, sha256: str) -> None:
        assert sha256 == digest
        target.write_bytes(archive.read_bytes())

    monkeypatch.setattr(downloads, "read_json", lambda _: record)
    monkeypatch.setattr(downloads, "fetch", fetch)


@pytest.mark.parametrize(
    ("tool", "address"),
    [
        (CLI, f"https://get.pulumi.com/releases/sdk/pulumi-v{CLI.version}-linux-x64.tar.gz"),
        (
            PROVIDER,
            f"https://get.pulumi.com/releases/plugins/pulumi-resource-docker-v{PROVIDER.version}-linux-amd64.tar.gz",
        ),
    ],
    ids=["CLI", "provider"],
)
def test_every_tool_has_its_official_address(tool: versions.Tool, address: str) -> None:
    assert sources.archive_address(tool) == address


def test_a_machine_without_an_official_archive_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(UnavailableError, match="no official archive for linux on riscv64"):
        sources.archive_address(CLI)


def test_an_official_archive_is_taken_and_only_what_is_wanted_of_it(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    archive = archive_of(tmp_path / "a", pulumi__pulumi=b"cli", pulumi__pulumi_language_go=b"other")
    serve(monkeypatch, archive, f"pulumi-v{CLI.version}-linux-x64.tar.gz")
    assert sources.provide(CLI, folder, lines.append) == "downloaded"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"pulumi": b"cli"}


def test_an_archive_without_the_program_is_refused(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    archive = archive_of(tmp_path / "a", readme=b"")
    serve(monkeypatch, archive, f"pulumi-v{CLI.version}-linux-x64.tar.gz")
    with pytest.raises(UnavailableError, match="does not contain pulumi"):
        sources.download(CLI, folder, lines.append)


def test_a_release_without_a_hash_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "read_json", lambda _: {"assets": [{"name": "a", "digest": None}]})
    with pytest.raises(UnavailableError, match="has no SHA-256 for a"):
        sources.published_digest(CLI, "a")


def test_a_closed_network_leads_to_a_build_with_the_pinned_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    builds: list[dict[str, Any]] = []
    monkeypatch.setattr(patched_modules, "prepared", nullcontext)
    monkeypatch.setattr(golang, "build", lambda **options: builds.append(options))
    assert sources.provide(CLI, folder, lines.append) == "built from pinned Go modules"
    assert "closed network" in lines[0]
    assert builds[0]["output"] == folder / "pulumi"
    assert f"v{CLI.version}" in builds[0]["stamp"].values()


def test_sources_are_fetched_for_what_is_built() -> None:
    (program,) = sources.programs(PROVIDER)
    assert (program.package, program.tags) == (PROVIDER.package, PROVIDER.tags)
    assert (program.module / "go.mod").is_file()


def test_a_built_host_comes_with_its_scripts(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patched_modules, "prepared", nullcontext)
    monkeypatch.setattr(golang, "build", lambda **_: None)
    monkeypatch.setattr(golang, "run", lambda *_, **__: f"{tmp_path}\n")
    for script in HOST.scripts:
        (tmp_path / script).parent.mkdir(parents=True)
        (tmp_path / script).write_text(script)
    sources.build(HOST, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(HOST.files[1:])


def test_a_module_that_lost_a_script_is_an_error(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patched_modules, "prepared", nullcontext)
    monkeypatch.setattr(golang, "build", lambda **_: None)
    monkeypatch.setattr(golang, "run", lambda *_, **__: str(tmp_path))
    with pytest.raises(BootstrapError, match=r"has no file 'pulumi-language-python-exec'"):
        sources.build(HOST, folder)


def install(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_an_installed_cli_in_the_pinned_version_is_taken_over(tmp_path: Path, folder: Path, lines: list[str]) -> None:
    install(tmp_path / "nothing" / "pulumi", f"echo v{CLI.version}")
    assert sources.provide(CLI, folder, lines.append) == f"copied from {tmp_path / 'nothing'}"
    assert (folder / "pulumi").exists()


def test_an_installed_cli_in_another_version_is_left_alone(tmp_path: Path) -> None:
    install(tmp_path / "nothing" / "pulumi", "echo v3.1.0")
    assert sources.find_installed(CLI) is None


def test_our_own_link_is_not_taken_for_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "cache" / "bin" / "pulumi", f"echo v{CLI.version}")
    monkeypatch.setenv("PATH", str(tmp_path / "cache" / "bin"))
    assert sources.find_installed(CLI) is None


def test_an_installed_plugin_is_taken_over(tmp_path: Path, folder: Path, lines: list[str]) -> None:
    plugins = tmp_path / "user" / ".pulumi" / "plugins" / f"resource-docker-v{PROVIDER.version}"
    install(plugins / "pulumi-resource-docker", "")
    assert sources.provide(PROVIDER, folder, lines.append) == f"copied from {plugins}"
