"""Generated credentials: made once, kept ever after."""

import bcrypt

from infra.resources.generated_secrets import _GeneratedSecretsProvider

PROVIDER = _GeneratedSecretsProvider()


def _create(**lengths: int) -> dict[str, str]:
    created = PROVIDER.create({"lengths": lengths, "hashed": ["password"] if "password" in lengths else []})
    assert created.outs is not None
    return dict(created.outs["values"])


def test_values_have_the_wanted_length_and_are_safe_in_files_and_urls() -> None:
    values = _create(accessKey=20, secretKey=40)

    assert {name: len(value) for name, value in values.items()} == {"accessKey": 20, "secretKey": 40}
    assert all(value.isalnum() and value.isascii() for value in values.values())


def test_two_stacks_get_different_values() -> None:
    assert _create(token=40) != _create(token=40)


def test_a_hash_belongs_to_its_value() -> None:
    values = _create(password=32)

    assert bcrypt.checkpw(values["password"].encode(), values["passwordBcrypt"].encode())


def test_an_update_keeps_what_there_is_and_adds_what_is_new() -> None:
    olds = {"lengths": {"password": 32}, "hashed": ["password"], "values": _create(password=32)}
    news = {"lengths": {"password": 32, "token": 40}, "hashed": ["password"]}

    updated = PROVIDER.update("id", olds, news)

    assert updated.outs is not None
    assert {k: updated.outs["values"][k] for k in olds["values"]} == olds["values"]
    assert len(updated.outs["values"]["token"]) == 40
