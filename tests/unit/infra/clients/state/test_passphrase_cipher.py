"""Secrets under a passphrase: reads what the Pulumi CLI has encrypted, and writes the same format."""

import pytest

from infra.clients.state.passphrase_cipher import (
    PassphraseCipher,
    SaltFormatError,
    UndecryptableError,
    derive_key,
    make_salt,
)
from tests.unit.states import KEY, PASSPHRASE, SALT

OF_THE_CLI = "v1:d/9bypaPQyI=:v1:dufbqrTq1uL/X9yq:lqJ2BeP8HN6CFIdEIGzesFxlO7x6Bw=="
"""As CLI 3.256.0 made it, with the passphrase `other`."""


def test_the_salt_of_the_cli_contains_its_check_word() -> None:
    cipher = PassphraseCipher.of(OF_THE_CLI, "other")

    assert cipher.decrypt(OF_THE_CLI.split(":", 2)[2]) == "pulumi"
    assert cipher.fits(OF_THE_CLI)


def test_a_new_salt_has_the_same_form_and_serves_the_same_way() -> None:
    salt = make_salt("mine")
    cipher = PassphraseCipher.of(salt, "mine")

    assert cipher.fits(salt)
    assert cipher.decrypt(cipher.encrypt("schlüssel")) == "schlüssel"


def test_another_passphrase_decrypts_nothing() -> None:
    cipher = PassphraseCipher.of(OF_THE_CLI, "wrong")

    assert not cipher.fits(OF_THE_CLI)
    with pytest.raises(UndecryptableError):
        cipher.decrypt(OF_THE_CLI.split(":", 2)[2])


@pytest.mark.parametrize("salt", ["", "v2:x", "v1:"])
def test_a_salt_of_another_form_is_refused(salt: str) -> None:
    with pytest.raises(SaltFormatError):
        PassphraseCipher.of(salt, "other")


@pytest.mark.parametrize("value", ["", "v1:x", "v1:!:!", "plain text"])
def test_what_is_no_encrypted_value_is_not_decrypted(value: str) -> None:
    with pytest.raises(UndecryptableError):
        PassphraseCipher(b"k" * 32).decrypt(value)


def test_the_key_of_fake_states_is_the_one_of_their_passphrase() -> None:
    assert derive_key(SALT, PASSPHRASE) == KEY
