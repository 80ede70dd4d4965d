"""The file with the token and the credentials of an instance's user."""

import json
import os
from pathlib import Path

import pytest

from tools.python.instance.instance.user_access import Access


def write(file: Path, token: str, **variables: str) -> None:
    """Write it as a service's live file is written: another file in its place."""
    made = file.with_name("new")
    login = {"address": "http://kv", "username": "ana", "password": "pw"}
    made.write_text(json.dumps({"user": "ana", "token": token, "variables": variables, "keyVault": login}))
    os.replace(made, file)  # noqa: PTH105 - atomic, as there


def test_variables_follow_the_file_and_those_of_others_stay(tmp_path: Path) -> None:
    file, environment = tmp_path / "access", {"PATH": "/bin"}
    write(file, "one", A="1", B="2")
    access = Access(file=file, environment=environment)

    assert access.refresh()
    assert environment == {"PATH": "/bin", "A": "1", "B": "2"}
    assert not access.refresh(), "unchanged"
    write(file, "two", A="3")
    assert access.refresh()
    assert environment == {"PATH": "/bin", "A": "3"}
    assert (access.user, access.token, access.key_vault and access.key_vault.username) == ("ana", "two", "ana")


def test_a_login_belongs_to_one_token_and_does_not_reveal_it(tmp_path: Path) -> None:
    file = tmp_path / "access"
    write(file, "one")
    access = Access(file=file, environment={})
    access.refresh()
    before = access.login
    write(file, "two")
    access.refresh()

    assert before != access.login
    assert "two" not in access.login
    assert "two" not in repr(access)
    assert "pw" not in repr(access)


@pytest.mark.parametrize("text", ["{", "[]", '{"user": "ana"}'], ids=["torn", "list", "short"])
def test_a_file_that_cannot_be_read_changes_nothing(tmp_path: Path, text: str) -> None:
    file, environment = tmp_path / "access", dict[str, str]()
    write(file, "one", A="1")
    access = Access(file=file, environment=environment)
    access.refresh()

    file.unlink()
    assert not access.refresh()
    file.write_text(text)
    assert not access.refresh()
    assert (access.token, environment) == ("one", {"A": "1"})
