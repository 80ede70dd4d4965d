"""The files of a restored stack: encrypted for its new home, and none of the user's replaced."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.clients.state.passphrase_cipher import PassphraseCipher, make_salt
from infra.errors import ArchiveError
from infra.stack_files.stack_file import open_stack_file
from mlw.archive import restored_files
from mlw.archive.contents import Contents, Manifest
from mlw.lifecycle.private_stack_file import salt_of
from mlw.lifecycle.stack_context import Context
from tests.unit.states import a_context

MANIFEST = Manifest(stack="dev", stack_id="i", made="2026-01-01", made_by="me", folders={})
PLAIN = "config:\n  ml-workspace:workload: churn # why\n"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    context = a_context(tmp_path)
    context = replace(context, environment={**context.environment, "PULUMI_CONFIG_PASSPHRASE": "of this home"})
    context.stack_file.unlink(missing_ok=True)
    return context


def contents(
    text: str | None = PLAIN, *, config_secrets: dict[str, str] | None = None, role_definitions: bytes | None = None
) -> Contents:
    return Contents(
        manifest=MANIFEST,
        state={},
        stack_file=text,
        config_secrets=config_secrets or {},
        role_definitions=role_definitions,
    )


def write(context: Context, given: Contents) -> list[str]:
    told: list[str] = []
    restored_files.write(context, given, say=told.append)
    return told


def test_the_salt_of_the_old_home_does_not_come_along(context: Context) -> None:
    """The CLI writes it without being asked, and checks the passphrase of the new home against it."""
    write(context, contents(f"encryptionsalt: v1:a:v1:b:c\n{PLAIN}"))

    assert context.stack_file.read_text() == PLAIN


def test_encrypted_values_are_encrypted_for_this_home(context: Context) -> None:
    old = PassphraseCipher.of(salt := make_salt("of the old home"), "of the old home")
    value = old.encrypt("s3cret")
    text = f"encryptionsalt: {salt}\nconfig:\n  mine:token: {{secure: {value}}}\n"

    write(context, contents(text, config_secrets={value: "s3cret"}))

    file = open_stack_file(context.stack_file)
    secure = file.config["mine:token"]
    assert isinstance(secure, dict)
    assert PassphraseCipher.of(salt_of(file) or "", "of this home").decrypt(str(secure["secure"])) == "s3cret"


@pytest.mark.parametrize("passphrase", ["of the old home", "of this home"])
def test_the_same_file_is_encrypted_anew_where_the_passphrase_is_another(context: Context, passphrase: str) -> None:
    """A checkout on another machine has the stack file already."""
    old = PassphraseCipher.of(salt := make_salt(passphrase), passphrase)
    value = old.encrypt("s3cret")
    text = f"encryptionsalt: {salt}\nconfig:\n  mine:token: {{secure: {value}}}\n"
    context.stack_file.parent.mkdir(parents=True, exist_ok=True)
    context.stack_file.write_text(text)
    given = contents(text, config_secrets={value: "s3cret"})

    write(context, given)
    assert context.stack_file.read_text() == text
    restored_files.encrypt_anew(context, given, say=lambda _: None)

    file = open_stack_file(context.stack_file)
    secure = file.config["mine:token"]
    assert isinstance(secure, dict)
    assert PassphraseCipher.of(salt_of(file) or "", "of this home").decrypt(str(secure["secure"])) == "s3cret"
    assert (context.stack_file.read_text() == text) is (passphrase == "of this home")


def test_a_file_of_the_user_is_kept_and_the_other_put_beside(context: Context) -> None:
    context.stack_file.parent.mkdir(parents=True, exist_ok=True)
    context.stack_file.write_text("config: {ml-workspace:workload: mine}\n")

    told = write(context, contents())

    assert context.stack_file.read_text() == "config: {ml-workspace:workload: mine}\n"
    assert context.stack_file.with_name("Pulumi.dev.yaml.of-backup").read_text() == PLAIN
    assert "Keeping" in told[0]


def test_role_definitions_come_along(context: Context) -> None:
    manifest = replace(MANIFEST, role_definitions="roles.json")

    write(context, replace(contents(role_definitions=b"[]"), manifest=manifest))

    assert (context.stack_file.parent / "roles.json").read_bytes() == b"[]"


def test_a_path_out_of_the_project_is_refused(context: Context) -> None:
    manifest = replace(MANIFEST, role_definitions="../../../etc/roles.json")

    with pytest.raises(ArchiveError, match="points outside the project"):
        write(context, replace(contents(role_definitions=b"[]"), manifest=manifest))


def test_without_any_stack_file_nothing_can_be_restored(context: Context) -> None:
    with pytest.raises(ArchiveError, match="Write it first"):
        write(context, contents(None))


def test_the_instance_is_set_in_the_new_file(context: Context) -> None:
    write(context, contents())

    restored_files.set_instance(context, "002")

    assert context.stack_file.read_text().startswith('config:\n  ml-workspace:instance: "002"\n')
