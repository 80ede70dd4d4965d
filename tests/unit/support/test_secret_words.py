import base64
import json

import pytest

from tests.support.secret_words import SIGNATURE, sighted, sightings, words_of, words_of_state

SECRET = "aB3dEfGh1jKlMn0pQrSt"
KEPT = {SECRET: "vault-keys.outputs.values.token"}


def exported(value: object) -> dict[str, object]:
    resource = {
        "urn": "urn:pulumi:dev::p::t::st-keys",
        "outputs": {"plain": "a-plain-word-0123456789", "values": {SIGNATURE: "1b", "plaintext": json.dumps(value)}},
    }
    return {"deployment": {"resources": [resource]}}


def test_only_marked_values_are_secrets() -> None:
    found = words_of_state(exported({"accessKey": SECRET, "length": 20, "list": [f"user:{SECRET[::-1]}"]}), public="")

    assert found == {
        SECRET: "st-keys.outputs.values.accessKey",
        SECRET[::-1]: "st-keys.outputs.values.list[0]",
    }


def test_public_text_is_not_a_secret() -> None:
    assert words_of_state(exported({"user": SECRET}), public=f"registry {SECRET}") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("short1", []),
        ("letters-without-digits-only", []),
        ("https://127.0.0.1:20001/a-long-path", []),
        ("/etc/distribution/live/htpasswd2", []),
        ("-----BEGIN CERTIFICATE-----\nMIIBabcdefghijk0123456789\n-----END CERTIFICATE-----\n", []),
        (
            "-----BEGIN PRIVATE KEY-----\nabcdefghijklmn0123456789\n-----END PRIVATE KEY-----",
            ["abcdefghijklmn0123456789"],
        ),
        (f'admin:{SECRET}\n{{"key": "{SECRET}"}}', [SECRET, SECRET]),
        (f"/{SECRET}/+=", [f"/{SECRET}/+="]),
        (f"MIG{SECRET}", [f"MIG{SECRET}"]),
        ("aBcDeFgHiJkLmNoPqRsT", ["aBcDeFgHiJkLmNoPqRsT"]),
        ("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0123456789abcdef", []),
    ],
    ids=[
        "short",
        "no digit",
        "address",
        "path",
        "certificate",
        "private key",
        "inside of a file",
        "base64 that begins like a path",
        "base64 that begins like a private key",
        "generated, by chance without a digit",
        "first line of a private key",
    ],
)
def test_secret_words_are_found_in_a_text(text: str, words: list[str]) -> None:
    assert list(words_of(text)) == words


@pytest.mark.parametrize("before", ["", "a", "ab", "admin:"], ids=repr)
def test_secret_is_seen_in_base64_wherever_it_begins(before: str) -> None:
    header = b"Basic " + base64.b64encode(f"{before}{SECRET} and more".encode())

    assert sightings(header, KEPT) == ["vault-keys.outputs.values.token"]


def test_sighting_names_place_and_never_the_secret() -> None:
    seen = sighted({"a.log": f"token={SECRET}\n".encode(), "b.log": b"token=?"}, KEPT)

    assert seen == {"a.log": ["vault-keys.outputs.values.token"]}
    assert SECRET not in str(seen)
