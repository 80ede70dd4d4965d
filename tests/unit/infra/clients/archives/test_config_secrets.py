"""Encrypted values of stack files: reads what the Pulumi CLI has encrypted, and writes the same format."""

import pytest

from infra.clients.archives.config_secrets import ConfigCrypter, make_salt
from infra.errors import ArchiveError

OF_THE_CLI = "v1:d/9bypaPQyI=:v1:dufbqrTq1uL/X9yq:lqJ2BeP8HN6CFIdEIGzesFxlO7x6Bw=="
"""As CLI 3.256.0 made it, with the passphrase `other`."""


def test_the_salt_of_the_cli_contains_its_check_word() -> None:
    assert ConfigCrypter(OF_THE_CLI, "other").decrypt(OF_THE_CLI.split(":", 2)[2]) == "pulumi"


def test_a_new_salt_has_the_same_form_and_serves_the_same_way() -> None:
    salt = make_salt("mine")
    crypter = ConfigCrypter(salt, "mine")

    assert crypter.decrypt(salt.split(":", 2)[2]) == "pulumi"
    assert crypter.decrypt(crypter.encrypt("schlüssel")) == "schlüssel"


def test_another_passphrase_decrypts_nothing() -> None:
    with pytest.raises(ArchiveError, match="cannot decrypt"):
        ConfigCrypter(OF_THE_CLI, "wrong").decrypt(OF_THE_CLI.split(":", 2)[2])


def test_a_salt_of_another_form_is_refused() -> None:
    with pytest.raises(ArchiveError, match="format of 'encryptionsalt' is unknown"):
        ConfigCrypter("v2:x", "other")
