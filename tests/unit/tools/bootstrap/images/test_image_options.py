import argparse
import io
from collections.abc import Sequence

import pytest

from infra.host import folders
from tools.bootstrap.images import ImageError, image_options, image_table, mirror
from tools.bootstrap.images.image_table import Service
from tools.bootstrap.progress import Report


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    image_options.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, str] | None]]:
    """The target and login of a push."""
    calls: list[tuple[str, tuple[str, str] | None]] = []

    def push(_: object, registry: str, *, report: Report, login: tuple[str, str] | None) -> None:
        report(f"pushed to {registry}")
        calls.append((registry, login))

    monkeypatch.setattr(mirror, "push", push)
    return calls


def test_a_push_without_a_login_uses_the_users_own(pushed: list[object]) -> None:
    assert image_options.run(options("--push", "mirror:5000")) == 0
    assert pushed == [("mirror:5000", None)]


def test_the_password_is_read_from_standard_input(pushed: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("pass word\n"))

    image_options.run(options("--push", "mirror:5000", "--username", "team", "--password-stdin"))

    assert pushed == [("mirror:5000", ("team", "pass word"))]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--push", "m", "--username", "team"), "require each other", id="name without password"),
        pytest.param(("--push", "m", "--password-stdin"), "require each other", id="password without name"),
        pytest.param(("--username", "team"), "require '--push'", id="login without push"),
        pytest.param(("--push", "https://m"), "is not an address", id="no address"),
    ],
)
def test_options_that_do_not_fit_are_refused(pushed: list[object], words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        image_options.run(options(*words))
    assert pushed == []


def test_when_all_images_are_there_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(image_options, "missing", lambda _: [])
    monkeypatch.setattr(image_options, "ensure", lambda **_: pytest.fail("made something"))

    assert image_options.run(options()) == 0
    assert capsys.readouterr().err == "images: everything is there\n"


def test_what_is_missing_is_made_with_the_given_mirror(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(image_options, "missing", lambda _: ["one"])

    def make(*, mirror: str | None, report: Report, services: Sequence[Service] | None, **_: object) -> list[str]:
        report("building one")
        asked.extend((mirror, services))
        return ["ml-workspace/one:1"]

    monkeypatch.setattr(image_options, "ensure", make)

    assert image_options.run(options("--mirror", "mirror:5000")) == 0
    assert asked == ["mirror:5000", None]
    first, second = capsys.readouterr().err.splitlines()
    assert first == "[1/1] Images of the services: building one"
    assert second.startswith("[1/1] Images of the services: made ml-workspace/one:1 (")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("python", "vault"), ["python", "vault"], id="names"),
        pytest.param(("--all",), [service.name for service in image_table.load()], id="all"),
    ],
)
def test_images_can_be_chosen(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: list[str]) -> None:
    asked: list[Sequence[Service]] = []
    monkeypatch.setattr(image_options, "missing", lambda services: services)
    monkeypatch.setattr(image_options, "ensure", lambda *, services, **_: asked.append(services))

    image_options.run(options(*words))

    assert [service.name for service in asked[0]] == expected


def test_the_build_caches_go_when_all_images_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    left = folders.private_folder(folders.build() / "cache") / "large"
    left.touch()
    monkeypatch.setattr(image_options, "missing", lambda _: ["one"])
    monkeypatch.setattr(image_options, "ensure", lambda **_: [])

    image_options.run(options())

    assert not folders.build().exists()
