from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tools.bootstrap.images.fake_docker import SERVICE, calls, described, install
from tools.bootstrap.images import image_table, mirror
from tools.bootstrap.images.recipe import image_recipe

REFERENCE = "mirror:5000/ml-workspace/vault:1.21.4"


def engine_with_image(path_folder: Path, script: str = "exit 0", recipe: str = "") -> None:
    """Simulate an engine with the image that handles everything else with a script."""
    current = described(SERVICE.image, recipe=recipe or image_recipe(SERVICE))
    install(path_folder, f"""[ "$1" = image ] && echo '{current}' && exit 0\n{script}""")


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of one image that every workspace needs and one that some need."""
    optional = replace(SERVICE, name="tracking", image="ml-workspace/tracking:1", needed_by=("tracking",))
    monkeypatch.setattr(image_table, "load", lambda: (SERVICE, optional))


def push(lines: list[str], login: tuple[str, str] | None = None, names: Sequence[str] = ()) -> None:
    mirror.push(names, "mirror:5000", report=lines.append, login=login)


def test_an_image_is_pushed_under_its_own_name_and_the_extra_tag_goes(path_folder: Path, lines: list[str]) -> None:
    engine_with_image(path_folder)

    push(lines)

    assert calls(path_folder)[1:] == [
        f"tag {SERVICE.image} {REFERENCE}",
        f"push --quiet {REFERENCE}",
        f"rmi {REFERENCE}",
    ]
    assert lines == [f"pushed {REFERENCE}"]


def test_a_refused_push_names_the_reason_and_leaves_no_tag(path_folder: Path, lines: list[str]) -> None:
    engine_with_image(path_folder, '[ "$1" = push ] && echo "no basic auth credentials" >&2 && exit 1\nexit 0')

    with pytest.raises(mirror.PushError, match=rf"pushing {REFERENCE} failed: no basic auth .*docker login"):
        push(lines)
    assert calls(path_folder)[-1] == f"rmi {REFERENCE}"


def test_an_image_of_another_recipe_is_not_pushed(path_folder: Path, lines: list[str]) -> None:
    engine_with_image(path_folder, recipe="other")

    with pytest.raises(mirror.PushError, match=r"no current image 'ml-workspace/vault:1\.21\.4'"):
        push(lines)
    assert len(calls(path_folder)) == 1


def test_an_optional_image_that_this_machine_does_not_have_is_left_out(path_folder: Path, lines: list[str]) -> None:
    engine_with_image(path_folder)

    push(lines)

    assert lines == [f"pushed {REFERENCE}"]


def test_a_named_image_that_this_machine_does_not_have_is_an_error(path_folder: Path, lines: list[str]) -> None:
    engine_with_image(path_folder)

    with pytest.raises(
        mirror.PushError, match=r"no current image 'ml-workspace/tracking:1'; .* images vault tracking'"
    ):
        push(lines, names=["vault", "tracking"])
    assert lines == []


def test_a_login_is_for_one_push_and_its_password_on_no_command_line(path_folder: Path, lines: list[str]) -> None:
    stdin = path_folder / "stdin"
    script = f'[ "$1" = context ] && echo unix:///engine.sock\n[ "$5" = login ] && cat > "{stdin}"\nexit 0'
    engine_with_image(path_folder, script)

    push(lines, login=("team", "pass word"))

    asked = calls(path_folder)
    (login,) = [call for call in asked if " login " in call]
    (pushed,) = [call for call in asked if " push " in call]
    folder = login.removeprefix("--config ").partition(" --host ")[0]
    assert login == f"--config {folder} --host unix:///engine.sock login --username team --password-stdin mirror:5000"
    assert pushed.startswith(f"--config {folder} --host unix:///engine.sock push ")
    assert stdin.read_text() == "pass word"
    assert not Path(folder).exists()
    assert "pass word" not in "\n".join(asked)


def test_a_refused_login_is_one_message_without_the_password(path_folder: Path, lines: list[str]) -> None:
    engine_with_image(path_folder, '[ "$5" = login ] && echo "401 Unauthorized" >&2 && exit 1\nexit 0')

    with pytest.raises(mirror.PushError, match="logging in to 'mirror:5000' as 'team' failed: 401") as refusal:
        push(lines, login=("team", "pass word"))
    assert "pass word" not in str(refusal.value)
