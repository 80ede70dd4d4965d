"""Keys of stacks' secrets: derived once for a stack, and kept only next to the passphrase that protects them."""

from pathlib import Path

import pytest

from infra.clients.state import kept_keys, known_stacks, passphrase_cipher, state_passphrase
from infra.clients.state.passphrase_cipher import PassphraseCipher, make_salt
from infra.clients.state.state_passphrase import StatePassphrase
from infra.host import folders

STACK = "id-of-dev"
OF_HOME = StatePassphrase("mine", is_of_home=True)


@pytest.fixture(autouse=True)
def derived(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A home that knows the stack; counts derivations, which are fast here."""
    monkeypatch.setenv("MLW_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setattr(passphrase_cipher, "_ROUNDS", 1)
    known_stacks.remember(STACK, stack="dev")
    derive, made = passphrase_cipher.derive_key, []

    def counted(salt: str, passphrase: str) -> bytes:
        made.append(passphrase)
        return derive(salt, passphrase)

    monkeypatch.setattr(kept_keys, "derive_key", counted)
    return made


def cipher(salt: str, passphrase: StatePassphrase = OF_HOME) -> PassphraseCipher | None:
    return kept_keys.cipher_of(STACK, salt, passphrase)


def test_a_key_is_derived_once(derived: list[str]) -> None:
    salt = make_salt("mine")
    found = [cipher(salt) for _ in range(3)]

    assert all(one and one.fits(salt) for one in found)
    assert derived == ["mine"]


def test_what_is_kept_is_neither_the_key_nor_the_passphrase() -> None:
    salt = make_salt("mine")
    assert cipher(salt)

    text = (folders.home() / "stacks.json").read_text()

    assert known_stacks.secrets_key(STACK) in text
    assert passphrase_cipher.derive_key(salt, "mine").hex() not in text
    assert "mine" not in text
    assert (folders.home() / "stacks.json").stat().st_mode & 0o777 == 0o600


def test_a_wrong_passphrase_does_not_profit_from_a_kept_key() -> None:
    salt = make_salt("mine")
    assert cipher(salt)

    assert cipher(salt, StatePassphrase("wrong", is_of_home=True)) is None
    assert cipher(salt, StatePassphrase("wrong")) is None
    assert cipher(salt) is not None


def test_another_salt_has_another_key() -> None:
    assert cipher(make_salt("mine"))
    other = make_salt("mine")
    found = cipher(other)

    assert found
    assert found.fits(other)


def test_the_key_of_a_passphrase_that_is_kept_elsewhere_is_not_kept(derived: list[str]) -> None:
    salt = make_salt("mine")
    for _ in range(2):
        assert cipher(salt, StatePassphrase("mine"))

    assert known_stacks.secrets_key(STACK) == ""
    assert len(derived) == 2


def test_the_key_goes_with_the_stack() -> None:
    salt = make_salt("mine")
    assert cipher(salt)
    known_stacks.forget(STACK)

    assert cipher(salt)
    assert known_stacks.secrets_key(STACK) == ""


def test_the_passphrase_of_the_home_is_the_one_in_its_file(tmp_path: Path) -> None:
    here, elsewhere = folders.passphrase(), tmp_path / "other"
    for path in (here, elsewhere):
        path.write_text("mine\n")
    variable = state_passphrase.FILE_VARIABLE

    assert state_passphrase.read({variable: str(here)}) == OF_HOME
    assert state_passphrase.read({variable: str(elsewhere)}) == StatePassphrase("mine")
    assert state_passphrase.read({variable: str(here), state_passphrase.VARIABLE: "typed"}) == StatePassphrase("typed")
