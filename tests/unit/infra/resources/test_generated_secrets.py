"""Generated credentials: created once, kept until they are rotated."""

import base64
from typing import Any

import bcrypt
import pytest

from infra.resources import rotation
from infra.resources.generated_secrets import GeneratedSecretsProvider

PROVIDER = GeneratedSecretsProvider()


def _props(lengths: dict[str, int], **changed: object) -> dict[str, Any]:
    hashed = ["password"] if "password" in lengths else []
    return {"lengths": lengths, "hashed": hashed, "encodings": {}, "rotating": list(lengths), "rotation": "", **changed}


def _created(lengths: dict[str, int], **changed: object) -> dict[str, Any]:
    outs = PROVIDER.create(_props(lengths, **changed)).outs
    assert outs is not None
    return outs


def _updated(olds: dict[str, Any], news: dict[str, Any]) -> dict[str, str]:
    outs = PROVIDER.update("id", olds, news).outs
    assert outs is not None
    return dict(outs["values"])


def test_values_have_the_required_length_and_are_safe_in_files_and_urls() -> None:
    values = _created({"accessKey": 20, "secretKey": 40})["values"]

    assert {name: len(value) for name, value in values.items()} == {"accessKey": 20, "secretKey": 40}
    assert all(value.isalnum() and value.isascii() for value in values.values())


def test_a_value_in_base64_has_that_many_random_bytes() -> None:
    values = _created({"key": 32, "token": 10}, encodings={"key": "base64"})["values"]

    assert len(base64.b64decode(values["key"], validate=True)) == 32
    assert len(values["token"]) == 10


def test_two_stacks_get_different_values() -> None:
    assert _created({"token": 40})["values"] != _created({"token": 40})["values"]


def test_a_hash_belongs_to_its_value() -> None:
    values = _created({"password": 32})["values"]

    assert bcrypt.checkpw(values["password"].encode(), values["passwordBcrypt"].encode())


def test_an_update_keeps_existing_items_and_adds_new_ones() -> None:
    olds = _created({"password": 32})

    values = _updated(olds, _props({"password": 32, "token": 40}))

    assert {name: values[name] for name in olds["values"]} == olds["values"]
    assert len(values["token"]) == 40


class TestRotation:
    """`MLW_ROTATE` names resources and carries a nonce."""

    LENGTHS = {"user": 20, "password": 32, "key": 32}  # noqa: RUF012 - read only

    def test_a_nonce_regenerates_values_with_their_hashes_and_keeps_the_others(self) -> None:
        olds = _created(self.LENGTHS)
        news = _props(self.LENGTHS, rotating=["password"], rotation="n1")

        assert PROVIDER.diff("id", olds | {"rotating": ["password"]}, news).changes
        values = _updated(olds, news)

        assert {name for name in values if values[name] != olds["values"][name]} == {"password", "passwordBcrypt"}
        assert bcrypt.checkpw(values["password"].encode(), values["passwordBcrypt"].encode())

    @pytest.mark.parametrize(
        ("before", "now"), [("n1", ""), ("n1", "n1"), ("", "")], ids=["no nonce", "the same nonce", "never a nonce"]
    )
    def test_nothing_changes_without_a_new_nonce(self, before: str, now: str) -> None:
        olds = _created(self.LENGTHS, rotation=before)
        news = _props(self.LENGTHS, rotation=now)

        assert not PROVIDER.diff("id", olds, news).changes
        assert _updated(olds, news) == olds["values"]

    @pytest.mark.parametrize(
        ("request_", "nonce"),
        [("a-keys:n1", "n1"), ("b-keys,a-keys:n1", "n1"), ("b-keys:n1", ""), ("a-keys-2:n1", ""), ("", "")],
        ids=["it alone", "among others", "another one", "a longer name", "no request"],
    )
    def test_only_named_resources_are_rotated(self, request_: str, nonce: str) -> None:
        assert rotation.requested("a-keys", request_) == nonce
