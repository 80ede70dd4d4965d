"""The program of the how-to on credentials, on a workspace that has principals."""

import json
import sys

from tests.e2e.roles.conftest import ROLES
from tests.support.ca_certificates import ca_file
from tests.support.documents import ROOT, all_blocks, blocks
from tests.support.processes import run
from tests.support.stacks import LiveStack


def test_the_program_of_the_how_to_prints_the_credentials_of_every_principal(roles_stack: LiveStack) -> None:
    (program,) = (block for block in all_blocks("python") if "roleAssignments" in block.text)
    stack, environment = roles_stack.stack, roles_stack.stack.environment
    variables = {**environment.variables, "REQUESTS_CA_BUNDLE": str(ca_file(roles_stack.outputs))}

    text = program.text.replace('"dev"', f'"{stack.name}"')
    printed = run([sys.executable, "-c", text], cwd=environment.project, env=variables).check().stdout

    assert {line.split()[0] for line in printed.splitlines()} >= set(ROLES)
    assert "data-scientist ['endpoints', 'insightsToken', 'keyVaultPassword'" in printed


def test_the_commands_of_the_how_to_print_the_credentials_of_one_principal(roles_stack: LiveStack) -> None:
    how_to = blocks(ROOT / "docs" / "how-to" / "credentials.md")
    (shown,) = (block for block in how_to if block.language == "sh" and "--principal" in block.text)
    text = shown.text.replace(" dev ", f" {roles_stack.stack.name} ").replace("churn-team", "data-scientist")
    environment = roles_stack.stack.environment

    printed = run(["bash", "-euc", text], cwd=environment.project, env=environment.variables).check().stdout

    *document, key = printed.splitlines()
    assert json.loads("\n".join(document))["storageSecretKey"] == key
