"""The table of all commands: arguments, exit codes, and where the function is that does the work.

The parser and docs/cli.md are both made from it. A function is named here, not imported: `mlw --help` and a short
command must not wait for libraries that only a long one needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mlw.archive.archive_commands import ARCHIVE
from mlw.command import DONE, FAILED, FAILURE, JSON, REFUSED, STACK, Argument, Command
from mlw.deletion.deletion_commands import DELETION
from mlw.key_vault.key_vault_commands import KEY_VAULT, SECRETS

PROGRAM = "mlw"
DESCRIPTION = "Workspaces of this state backend: what is there, whether it is well, which rules hold for it."
GROUPS: Mapping[str, str] = {
    "deleted": "soft-deleted workspaces: list, recover, purge",
    "keyvault": "the key vault of a workspace as a whole: backup and restore",
    "policy": "rules: which there are, whether a stack keeps them, where they come from",
    "registry": "the container registry of a workspace",
    "roles": "who may do what",
    "secrets": "secrets of a workspace's key vault: deleted, recovered, purged as in Azure",
}
"""First words that only lead to other words."""

_NOT_JUDGED = "nothing was judged: wrong usage, no such stack or rule, or a file that cannot be read"

COMMANDS: tuple[Command, ...] = (
    Command(
        path=("list",),
        handler="mlw.stacks.workspaces:list_workspaces",
        summary="workspaces of this state backend",
        details="One line for each workspace: stack, names, location, how many of its containers run, and its tags. "
        "Reads the state and asks the engine; opens no secret.",
        arguments=(
            JSON,
            Argument(name="--tag", metavar="NAME", help="show this tag only, in a column of its own"),
        ),
        exit_codes={DONE: "listed", FAILED: FAILURE},
    ),
    Command(
        path=("show",),
        handler="mlw.stacks.workspaces:show",
        summary="the record of a workspace, as JSON",
        details="The workspace record as the stack's last update gave it out: names, ids of the associated resources, "
        "tags, GUID. Opens no secret and does not need the engine.",
        arguments=(STACK,),
        exit_codes={DONE: "printed", FAILED: FAILURE},
    ),
    Command(
        path=("diagnose",),
        handler="mlw.diagnosis.diagnose:diagnose",
        summary="what is wrong with a workspace, as JSON",
        details="Looks at containers, ports, volumes and the network, asks every service whether it is ready and takes "
        "the stack's credentials, and compares the workspace record with the stack's output. Prints a JSON object: "
        "group (`storage_account`, `key_vault`, `container_registry`, `application_insights`, "
        "`network_security_rule`, `resource_lock`, `other`) to a list of `code`, `level` and `message`. "
        "An empty object means healthy. Changes nothing; the checks end within 20 seconds.",
        arguments=(STACK,),
        exit_codes={DONE: "healthy, the result is empty", FAILED: f"something was found, or {FAILURE}"},
    ),
    *DELETION,
    Command(
        path=("keys",),
        handler="mlw.keys.show_keys:keys",
        summary="credentials of a workspace's services, as JSON",
        details="Prints secrets: access keys of the storage account, the registry's password, tokens of key vault and "
        "telemetry. No other command prints any of them.",
        arguments=(STACK,),
        exit_codes={DONE: "printed", FAILED: FAILURE},
    ),
    Command(
        path=("keys", "rotate"),
        handler="mlw.keys.rotate_keys:rotate",
        summary="make credentials of a workspace anew",
        details="A datastore's keys change in the storage account and the key vault: the new ones are there before the "
        "old ones are refused, so a client that reads the vault again after a refusal goes on. Credentials of services "
        "and principals are made by an update of the stack (`make up`), which also applies what else has changed in "
        "the stack file; the storage account restarts for its own. Prints what changed, never a secret. Run it again "
        "when it was cut short.",
        arguments=(
            STACK,
            Argument(name="--datastore", metavar="NAME", help="keys of one datastore", either="what"),
            Argument(name="--principal", metavar="NAME", help="all credentials of one principal", either="what"),
            Argument(
                name="--service",
                metavar="NAME",
                help="one of storage, registry, keyVault, telemetry; with TLS also certificates, authority",
                either="what",
            ),
            Argument(
                name="--all", help="everything but the authority: services, principals, datastores", either="what"
            ),
        ),
        exit_codes={DONE: "rotated", FAILED: FAILURE},
    ),
    Command(
        path=("registry", "gc"),
        handler="mlw.registry.collect_garbage:collect_garbage",
        summary="free the space of images that are no longer there",
        details="Deletes from the container registry's volume every blob that no manifest names: what deleted images "
        "and broken off pushes have left. Until it is done pulls go on, and a push is refused (405); it can be "
        "repeated after that. Prints what was freed.",
        arguments=(
            STACK,
            Argument(name="--dry-run", help="delete nothing, print what would be freed; the registry goes on"),
            Argument(name="--untagged", help="delete manifests that have no tag, too"),
        ),
        exit_codes={DONE: "freed, or counted", FAILED: FAILURE},
    ),
    Command(
        path=("roles", "list"),
        handler="mlw.roles.list_roles:list_roles",
        summary="roles with what they allow; for a stack, who has which",
        details="Without a stack every built-in role with its operations. With one its custom roles and, for each "
        "principal of the stack file, the roles and what they allow in each service. Reads the stack file only, as "
        "the next update would; shows no secret.",
        arguments=(replace(STACK, optional=True), JSON),
        exit_codes={DONE: "listed", FAILED: "no such stack, or its file is not valid"},
    ),
    Command(
        path=("policy", "list"),
        handler="mlw.policy.rule_list:list_rules",
        summary="all rules",
        details="Every rule with what it asks for: first those that are assigned in policies/assignments.yaml, then "
        "those of the stack as a whole, which hold everywhere.",
        arguments=(JSON,),
        exit_codes={DONE: "listed"},
    ),
    Command(
        path=("policy", "explain"),
        handler="mlw.policy.check_stack:explain",
        summary="one rule: what it asks for, why, what to do",
        details="What the rule asks for, why, of which resources, with which parameters, and how to keep it.",
        arguments=(Argument(name="rule", metavar="RULE", help="id of the rule, as `mlw policy list` prints it"),),
        exit_codes={DONE: "explained", REFUSED: _NOT_JUDGED},
        on_error=REFUSED,
    ),
    Command(
        path=("policy", "check"),
        handler="mlw.policy.check_stack:check",
        summary="all violations of a stack file",
        details="Judges the stack file as `pulumi up` would, names that other stacks use and resources of other stacks "
        "included, and touches nothing. What rules of effect audit have to say is shown as warnings. Needs neither "
        "Docker nor the Pulumi CLI.",
        arguments=(
            STACK,
            Argument(name="--json", help="print JSON", either="format"),
            Argument(name="--sarif", help="print SARIF 2.1.0, for code review", either="format"),
        ),
        exit_codes={DONE: "no violation; there may be warnings", FAILED: "violations were found", REFUSED: _NOT_JUDGED},
        on_error=REFUSED,
    ),
    Command(
        path=("policy", "effective"),
        handler="mlw.policy.check_stack:effective",
        summary="which rules hold for each resource of a stack, and from which scope",
        details="For each resource of the stack file: rule, effect, the scope and the assignment that bring it, "
        "parameters, and exemptions that hold today.",
        arguments=(STACK, JSON),
        exit_codes={DONE: "printed", REFUSED: _NOT_JUDGED},
        on_error=REFUSED,
    ),
    *SECRETS,
    *KEY_VAULT,
    *ARCHIVE,
)
