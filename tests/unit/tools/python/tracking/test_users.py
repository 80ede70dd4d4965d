import base64
import hashlib
import json
from pathlib import Path

import pytest

from tools.python.tracking.tracking.users import Users, UsersUnavailableError


def _write(path: Path, **passwords: str) -> Users:
    entries = [
        {"name": name, "password": hashlib.sha256(password.encode()).hexdigest(), "operations": ["runs/read"]}
        for name, password in passwords.items()
    ]
    path.write_text(json.dumps({"users": entries}), encoding="utf-8")
    return Users(path)


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def test_user_logs_in_with_name_and_password_or_with_the_password_as_token(tmp_path: Path) -> None:
    users = _write(tmp_path / "users", team="right:ü", other="another")

    for authorization in (_basic("team", "right:ü"), "bearer another"):
        user = users.authenticate(authorization)
        assert user is not None
        assert user.operations == {"runs/read"}


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic not base64",
        f"Basic {base64.b64encode(bytes([0xFF])).decode()}",
        _basic("team", ""),
        _basic("team", "wrong"),
        _basic("", "right"),
        _basic("other", "right"),
        _basic("nobody", "right"),
        _basic("team", hashlib.sha256(b"right").hexdigest()),
        "Bearer wrong",
        "Bearer",
        "Digest right",
    ],
)
def test_everything_else_is_no_login(tmp_path: Path, authorization: str) -> None:
    users = _write(tmp_path / "users", team="right", other="another")

    assert users.authenticate(authorization) is None


def test_change_of_the_file_counts_from_the_next_request(tmp_path: Path) -> None:
    users = _write(tmp_path / "users", team="right", other="another")
    assert users.authenticate(_basic("team", "right"))

    _write(tmp_path / "users", other="another")

    assert users.authenticate(_basic("team", "right")) is None
    assert users.authenticate("Bearer right") is None
    assert users.authenticate(_basic("other", "another"))


@pytest.mark.parametrize("content", [None, "", '{"users": [', '{"users": [{"name": "x"}]}', "[]", '{"users": 1}'])
def test_nobody_logs_in_while_the_file_is_missing_or_half_written(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "users"
    users = _write(path, team="right")
    assert users.authenticate(_basic("team", "right"))

    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsersUnavailableError, match="cannot be read"):
        users.authenticate(_basic("team", "right"))
    _write(path, team="right")

    assert users.authenticate(_basic("team", "right"))
