"""Which Python an environment gets."""

import pytest

from mlw.environments import python_versions
from mlw.environments.environment_errors import EnvironmentFileError

ALL = ("3.11", "3.9", "3.10", "3.12")


@pytest.mark.parametrize(
    ("specifier", "chosen"),
    [
        ("", "3.11"),
        ("==3.11.*", "3.11"),
        ("==3.10.*", "3.10"),
        ("==3.10.4", "3.10"),
        (">=3.6", "3.11"),
        (">=3.6,<3.10", "3.9"),
        (">3.11", "3.12"),
        ("<3.11", "3.10"),
        ("!=3.11.*", "3.12"),
        ("~=3.9.2", "3.9"),
        ("==3.*", "3.11"),
        (">=2.7", "3.11"),
    ],
    ids=str,
)
def test_a_suitable_version_is_chosen(specifier: str, chosen: str) -> None:
    found = python_versions.choose(specifier, allow_newer=False, available=ALL)

    assert (found.version, found.is_raised, found.notice) == (chosen, False, "")


def test_an_earlier_version_is_refused_with_a_proposal() -> None:
    with pytest.raises(EnvironmentFileError, match=r"Python 3.8; .* Use `python=3.11`.*--allow-newer-python"):
        python_versions.choose("==3.8.*", allow_newer=False)


def test_an_earlier_version_is_raised_with_a_warning_if_that_is_allowed() -> None:
    found = python_versions.choose("==3.8.*", allow_newer=True, available=ALL)

    assert (found.version, found.is_raised) == ("3.11", True)
    assert "warning: Python 3.11 replaces Python 3.8" in found.notice


@pytest.mark.parametrize("specifier", ["==3.9.*", "==3.10.4", "==3.12.*", ">=3.12"], ids=str)
def test_a_near_version_is_replaced_with_a_warning(specifier: str) -> None:
    found = python_versions.choose(specifier, allow_newer=False)

    assert (found.version, found.is_raised) == ("3.11", True)
    assert "warning: Python 3.11 replaces Python" in found.notice


@pytest.mark.parametrize("specifier", ["==2.7.*", ">=3.15"], ids=str)
def test_a_version_that_cannot_be_raised_is_refused(specifier: str) -> None:
    with pytest.raises(EnvironmentFileError, match=r"Use `python=3.11`\."):
        python_versions.choose(specifier, allow_newer=True)
