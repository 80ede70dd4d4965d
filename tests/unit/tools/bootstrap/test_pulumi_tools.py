import shutil
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import artefacts, patched_modules, pulumi_tools, sources, versions

CLI, HOST, PROVIDER = pulumi_tools.all_tools()


@pytest.fixture
def provided(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tools that were provided."""
    names: list[str] = []

    def provide(tool: versions.Tool, folder: Path, _: object) -> str:
        names.append(tool.name)
        for name in tool.files:
            (folder / name).write_text("#!/bin/sh\n")
        return "provided"

    monkeypatch.setattr(sources, "provide", provide)
    return names


@pytest.fixture
def everything(provided: list[str], lines: list[str]) -> list[str]:
    for tool in pulumi_tools.all_tools():
        assert not pulumi_tools.is_present(tool)
        assert pulumi_tools.ensure(tool, lines.append) == "provided"
    return provided


@pytest.mark.usefixtures("everything")
def test_after_ensure_every_tool_is_there() -> None:
    assert all(pulumi_tools.is_present(tool) for tool in pulumi_tools.all_tools())
    assert {pulumi_tools.origin(tool) for tool in pulumi_tools.all_tools()} == {"provided"}


@pytest.mark.usefixtures("everything")
def test_the_real_cli_and_the_guard_are_on_the_path() -> None:
    cli = pulumi_tools.artefact(CLI).folder / "pulumi"
    assert (folders.bin_folder() / "pulumi-cli").readlink() == cli
    assert (folders.bin_folder() / "pulumi").read_bytes() == (folders.repo() / pulumi_tools.GUARD).read_bytes()


@pytest.mark.usefixtures("everything")
def test_no_link_leads_into_the_checkout() -> None:
    """Another checkout shares the links, and must not lose them with this one."""
    targets = [path.resolve() for path in folders.bin_folder().iterdir()]
    assert all(target.is_relative_to(folders.cache().resolve()) for target in targets)


@pytest.mark.usefixtures("everything")
def test_a_lost_guard_is_brought_again(lines: list[str]) -> None:
    shutil.rmtree(pulumi_tools.guard().folder)
    assert not pulumi_tools.is_present(CLI)
    assert pulumi_tools.ensure(CLI, lines.append) == "ready"
    assert pulumi_tools.is_present(CLI)


@pytest.mark.usefixtures("everything")
def test_the_language_host_stands_beside_the_cli_and_not_on_the_path() -> None:
    beside = pulumi_tools.artefact(CLI).folder
    assert all((beside / name).exists() for name in HOST.files)
    assert sorted(path.name for path in folders.bin_folder().iterdir()) == ["pulumi", "pulumi-cli"]


@pytest.mark.usefixtures("everything")
def test_the_provider_stands_where_pulumi_looks_for_plugins() -> None:
    plugin = folders.pulumi_home() / "plugins" / f"resource-docker-v{PROVIDER.version}" / "pulumi-resource-docker"
    assert plugin.resolve() == pulumi_tools.artefact(PROVIDER).folder / "pulumi-resource-docker"


def test_a_lost_link_is_restored_without_providing_the_tool_again(everything: list[str], lines: list[str]) -> None:
    (folders.bin_folder() / "pulumi-cli").unlink()
    assert not pulumi_tools.is_present(CLI)
    assert pulumi_tools.ensure(CLI, lines.append) == "ready"
    assert pulumi_tools.is_present(CLI)
    assert len(everything) == len(pulumi_tools.all_tools())


def test_a_new_cli_folder_gets_the_language_host_again(everything: list[str], lines: list[str]) -> None:
    shutil.rmtree(pulumi_tools.artefact(CLI).folder)
    pulumi_tools.ensure(CLI, lines.append)
    assert not pulumi_tools.is_present(HOST)
    pulumi_tools.ensure(HOST, lines.append)
    assert pulumi_tools.is_present(HOST)
    assert everything[-1] == CLI.name


def test_versions_are_those_of_the_python_packages() -> None:
    lock = (folders.repo() / "requirements.lock").read_text()
    assert f"pulumi=={CLI.version} " in lock
    assert f"pulumi-docker=={PROVIDER.version} " in lock
    assert HOST.version == CLI.version


def test_the_recipe_knows_the_sources_of_its_own_tool_only() -> None:
    names = {tool.name: {path.name for path in pulumi_tools.recipe_files(tool)} for tool in pulumi_tools.all_tools()}
    assert names[CLI.name] == {"go.mod", "go.sum"}
    assert "program.go" in names[HOST.name]
    assert {"provider.go", "shim.go"} <= names[PROVIDER.name]
    assert "program.go" not in names[PROVIDER.name]


def test_only_the_provider_is_built_from_patched_source(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {tool.name: pulumi_tools.artefact(tool).recipe for tool in pulumi_tools.all_tools()}
    monkeypatch.setattr(patched_modules, "instructions", lambda _: "other patches")
    after = {tool.name: pulumi_tools.artefact(tool).recipe for tool in pulumi_tools.all_tools()}
    assert [name for name in before if after[name] != before[name]] == [PROVIDER.name]


def test_tests_are_no_part_of_a_recipe() -> None:
    files = [path for tool in pulumi_tools.all_tools() for path in pulumi_tools.recipe_files(tool)]
    assert not [path for path in files if path.name.endswith("_test.go")]
    assert all(path.is_file() for path in files)


@pytest.mark.usefixtures("everything")
def test_pulumi_keeps_no_log_of_every_run(lines: list[str]) -> None:
    logs = folders.pulumi_home() / "logs"
    assert logs.is_file()

    logs.unlink()
    logs.mkdir()
    (logs / "run.log").write_text("of a run before")

    assert not pulumi_tools.is_present(CLI)
    assert pulumi_tools.ensure(CLI, lines.append) == "ready"
    assert logs.is_file()
    assert [path.name for path in folders.cache().glob(f"{artefacts.DISCARDED}*/logs/*")] == ["run.log"]
