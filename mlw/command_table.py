"""The table of all commands: where each one is, and its line in the list of commands.

A command is named here, not imported: `mlw --help` and a short command must not wait for libraries that only a long one
needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import click

from mlw.asset_command_table import ASSET_COMMANDS
from mlw.command import PROGRAM
from mlw.endpoint_command_table import ENDPOINT_COMMANDS
from mlw.lazy_group import DefaultingGroup, LazyGroup, Row

DESCRIPTION = "Manage the workspaces of a state backend: list, inspect, diagnose, back up, check against the policies."

_RUN = "Run a command with the endpoints and credentials of a workspace"
"""The command `run`, and the group of commands on the runs that it makes."""

GROUPS: Mapping[str, str] = {
    "activity": "List who did what, check the activity log",
    "cost": "Show and export costs, manage budgets",
    "cost budget": "Manage budgets",
    "run": _RUN,
    "experiment": "List, delete and restore experiments",
    "model": "Register, list and download models",
    "job": "Submit, watch and cancel jobs",
    "schedule": "Create, list and run schedules of jobs",
    "online-endpoint": "Create, use and change online endpoints: traffic, keys",
    "online-deployment": "Deploy models to online endpoints, scale, read logs",
    "batch-endpoint": "Create, invoke and change batch endpoints, list their jobs",
    "batch-deployment": "Deploy models to batch endpoints",
    "compute": "Create, list, change and delete computes; attach engines; start, stop and use instances",
    "compute kernel": "Use environments as kernels of an instance",
    "data": "Create, list and delete data assets",
    "component": "Create, list and delete components",
    "environment": "Create, list and delete environments",
    "deleted": "List, recover and purge soft-deleted workspaces",
    "insights": "Query application insights: requests, failures, traces, logs, metrics",
    "keys": "Show and rotate credentials",
    "policy": "List rules, check stack files",
    "registry": "Maintain a container registry",
    "roles": "List roles and who has them",
    "secrets": "Manage the secrets in a key vault",
    "keyvault": "Back up and restore a key vault",
}
"""Words that lead to other words; a group comes before the groups in it."""

COMMANDS: tuple[Row, ...] = (
    Row("list", "mlw.stacks.workspaces:list_workspaces", "List the workspaces of this state backend"),
    Row("show", "mlw.stacks.workspaces:show", "Show the record of a workspace"),
    Row("create", "mlw.provisioning.create_workspace:create", "Create a workspace"),
    Row("update", "mlw.provisioning.update_workspace:update", "Change the settings of a workspace"),
    Row("delete", "mlw.provisioning.delete_workspace:delete", "Delete a workspace"),
    Row("diagnose", "mlw.diagnosis.diagnose:diagnose", "Find out what is wrong with a workspace"),
    Row("run", "mlw.client_environment.run_command:run", _RUN),
    Row(
        "env",
        "mlw.client_environment.print_environment:print_environment",
        "Print the endpoints and credentials of a workspace as environment variables",
    ),
    Row("run list", "mlw.tracking.run_commands:list_runs", "List the runs of a workspace"),
    Row(
        "run show",
        "mlw.tracking.run_commands:show",
        "Show a run: parameters, metrics over their steps, tags, artifacts, models",
    ),
    Row("run compare", "mlw.tracking.run_commands:compare", "Compare the parameters and metrics of runs"),
    Row(
        "run download", "mlw.tracking.run_download:download", "Download the artifacts of a run, or the code that it ran"
    ),
    Row("run delete", "mlw.tracking.run_commands:delete", "Delete runs; they can be restored"),
    Row("run restore", "mlw.tracking.run_commands:restore", "Restore deleted runs"),
    Row("experiment list", "mlw.tracking.experiment_commands:list_experiments", "List the experiments of a workspace"),
    Row("experiment show", "mlw.tracking.experiment_commands:show", "Show an experiment and its last runs"),
    Row(
        "experiment delete",
        "mlw.tracking.experiment_commands:delete",
        "Delete an experiment with its runs; it can be restored",
    ),
    Row("experiment restore", "mlw.tracking.experiment_commands:restore", "Restore a deleted experiment and its runs"),
    Row(
        "model list",
        "mlw.tracking.model_commands:list_models",
        "List the models of a workspace, or the versions of one",
    ),
    Row("model show", "mlw.tracking.model_commands:show", "Show a version of a model"),
    Row("model create", "mlw.tracking.model_commands:create", "Register a model"),
    Row("model register", "mlw.tracking.model_commands:register", "Register a model"),
    Row("model download", "mlw.tracking.model_commands:download", "Download the files of a version of a model"),
    Row(
        "model package",
        "mlw.model_packages.package_commands:package",
        "Write a model with its scoring server and environment as an image in an archive",
    ),
    Row(
        "model archive",
        "mlw.tracking.model_commands:archive",
        "Archive a model or one version: lists omit it, but it can still be used",
    ),
    Row("model restore", "mlw.tracking.model_commands:restore", "Restore an archived model or version"),
    Row(
        "model delete",
        "mlw.tracking.model_commands:delete",
        "Delete a model with all its versions, or one version; it cannot be restored",
    ),
    Row("job create", "mlw.jobs.job_create:create", "Submit a job"),
    Row("job list", "mlw.jobs.job_commands:list_jobs", "List the jobs of a workspace"),
    Row("job show", "mlw.jobs.job_commands:show", "Show a job: status, times, exit code, outputs, and why it failed"),
    Row("job stream", "mlw.jobs.job_commands:stream", "Show the log of a job until it ends"),
    Row("job download", "mlw.jobs.job_download:download", "Download the log, default artifacts and outputs of a job"),
    Row("job cancel", "mlw.jobs.job_commands:cancel", "Cancel a job"),
    Row("job update", "mlw.jobs.job_commands:update", "Change the display name, description and tags of a job"),
    Row("job archive", "mlw.jobs.job_commands:archive", "Archive a job: lists omit it"),
    Row("job restore", "mlw.jobs.job_commands:restore", "Restore an archived job"),
    Row(
        "schedule create",
        "mlw.schedules.schedule_commands:create",
        "Create a schedule: a job that is submitted at certain times",
    ),
    Row("schedule list", "mlw.schedules.schedule_commands:list_schedules", "List the schedules of a workspace"),
    Row(
        "schedule show",
        "mlw.schedules.schedule_commands:show",
        "Show a schedule: its trigger, its next time, the last job, and why one could not be submitted",
    ),
    Row("schedule update", "mlw.schedules.schedule_commands:update", "Change a schedule"),
    Row("schedule enable", "mlw.schedules.schedule_commands:enable", "Enable a schedule"),
    Row("schedule disable", "mlw.schedules.schedule_commands:disable", "Disable a schedule"),
    Row("schedule delete", "mlw.schedules.schedule_commands:delete", "Delete a disabled schedule"),
    Row("schedule run", "mlw.schedules.schedule_runs:run", "Submit the jobs of all schedules that are due"),
    Row("schedule trigger", "mlw.schedules.schedule_runs:trigger", "Submit the job of a schedule now"),
    Row("compute list", "mlw.computes.compute_reports:list_computes", "List the computes of a workspace"),
    Row("compute show", "mlw.computes.compute_reports:show", "Show a compute"),
    Row(
        "compute create",
        "mlw.computes.compute_changes:create",
        "Create a compute, or replace the settings of one",
    ),
    Row("compute update", "mlw.computes.compute_changes:update", "Change the settings of a compute"),
    Row("compute delete", "mlw.computes.compute_changes:delete", "Delete a compute"),
    Row("compute attach", "mlw.computes.attach_commands:attach", "Attach a Docker engine, which then runs jobs"),
    Row("compute detach", "mlw.computes.attach_commands:detach", "Detach an engine"),
    Row("compute start", "mlw.computes.instance_commands:start", "Start a compute instance"),
    Row("compute stop", "mlw.computes.instance_commands:stop", "Stop a compute instance"),
    Row("compute restart", "mlw.computes.instance_commands:restart", "Restart a compute instance"),
    Row(
        "compute connect",
        "mlw.computes.instance_commands:connect",
        "Print a link to JupyterLab on a compute instance",
    ),
    Row("compute kernel add", "mlw.computes.kernel_commands:add", "Add an environment to an instance as a kernel"),
    Row(
        "compute kernel list",
        "mlw.computes.kernel_commands:list_kernels",
        "List the environments that an instance has as kernels",
    ),
    Row(
        "compute kernel remove",
        "mlw.computes.kernel_commands:remove",
        "Remove an environment from the kernels of an instance",
    ),
    Row(
        "compute list-sizes",
        "mlw.computes.compute_reports:list_sizes",
        "List the sizes of nodes: their CPUs and memory",
    ),
    Row("watch", "mlw.operation.watch:watch", "Watch the services of a workspace"),
    Row("logs", "mlw.operation.service_logs:logs", "Print the log of a service"),
    Row("open", "mlw.operation.open_service:open_service", "Open a service of a workspace in the browser"),
    Row("expire", "mlw.deletion.expire:expire", "List expired workspaces; with --yes, remove them"),
    *ENDPOINT_COMMANDS,
    *ASSET_COMMANDS,
    Row("deleted list", "mlw.deletion.deleted:list_deleted", "List soft-deleted workspaces"),
    Row("deleted recover", "mlw.deletion.deleted:recover", "Recover a soft-deleted workspace"),
    Row("deleted purge", "mlw.deletion.deleted:purge", "Remove a soft-deleted workspace permanently"),
    Row(
        "insights requests",
        "mlw.insights.report_commands:requests",
        "Show requests by operation: rate, failures, durations",
    ),
    Row(
        "insights endpoints",
        "mlw.insights.report_commands:endpoints",
        "Show requests to online endpoints by deployment and status",
    ),
    Row(
        "insights dependencies",
        "mlw.insights.report_commands:dependencies",
        "Show calls to other services by type, target and name",
    ),
    Row(
        "insights failures",
        "mlw.insights.report_commands:failures",
        "Show failed requests and dependencies by result code, and exceptions",
    ),
    Row(
        "insights exceptions",
        "mlw.insights.report_commands:exceptions",
        "Show exceptions by problem: how many, when last, and an example",
    ),
    Row("insights availability", "mlw.insights.report_commands:availability", "Show the results of availability tests"),
    Row(
        "insights map",
        "mlw.insights.report_commands:application_map",
        "Show which services call which: calls, failures, durations",
    ),
    Row(
        "insights trace",
        "mlw.insights.trace_command:trace",
        "Show one operation: its spans as a waterfall, its exceptions and logs",
    ),
    Row("insights logs", "mlw.insights.log_commands:logs", "Show log records, the newest first"),
    Row(
        "insights metrics", "mlw.insights.log_commands:metrics", "List the metrics, or show the values of one over time"
    ),
    Row(
        "insights live",
        "mlw.insights.live_command:live",
        "Show the last 60 seconds: rates, failures, durations; until interrupted",
    ),
    Row("insights query", "mlw.insights.query_command:query", "Run a query over the tables of application insights"),
    Row("keys show", "mlw.keys.show_keys:show_keys", "Show the credentials of a workspace"),
    Row("keys rotate", "mlw.keys.rotate_keys:rotate", "Replace credentials by new ones"),
    Row("registry gc", "mlw.registry.collect_garbage:collect_garbage", "Free the space of deleted images"),
    Row("roles list", "mlw.roles.list_roles:list_roles", "List roles, what they allow, and who has them"),
    Row("activity list", "mlw.activity.activity_commands:list_events", "List events of the activity log"),
    Row("activity verify", "mlw.activity.activity_commands:verify", "Check that the activity log was not changed"),
    Row("cost show", "mlw.cost.cost_commands:show", "Show what workspaces cost at the rates of the rate card"),
    Row("cost export", "mlw.cost.cost_commands:export", "Write costs as FOCUS 1.3 CSV"),
    Row("cost sample", "mlw.cost.cost_commands:sample", "Measure what runs and how large the volumes are"),
    Row("cost budget create", "mlw.cost.budget_commands:create", "Create a budget"),
    Row("cost budget list", "mlw.cost.budget_commands:list_budgets", "List budgets and what has been spent of them"),
    Row("cost budget show", "mlw.cost.budget_commands:show", "Show a budget and what has been spent of it"),
    Row("cost budget check", "mlw.cost.budget_commands:check", "Report budgets of which an alert level is reached"),
    Row("cost budget delete", "mlw.cost.budget_commands:delete", "Delete a budget"),
    Row("policy list", "mlw.policy.rule_list:list_rules", "List all rules"),
    Row("policy explain", "mlw.policy.check_stack:explain", "Explain one rule"),
    Row("policy check", "mlw.policy.check_stack:check", "Check a stack file against all rules"),
    Row("policy effective", "mlw.policy.check_stack:effective", "Show which rules apply to each resource, and why"),
    Row("secrets list", "mlw.key_vault.secret_commands:list_secrets", "List the secrets of a key vault"),
    Row("secrets show", "mlw.key_vault.secret_commands:show_secret", "Print the value of a secret"),
    Row("secrets set", "mlw.key_vault.secret_commands:set_secret", "Write a secret, its value from standard input"),
    Row("secrets delete", "mlw.key_vault.secret_commands:delete", "Delete a secret; it can be recovered"),
    Row("secrets recover", "mlw.key_vault.secret_commands:recover", "Recover a deleted secret"),
    Row("secrets purge", "mlw.key_vault.secret_commands:purge", "Remove a deleted secret permanently"),
    Row("secrets sweep", "mlw.key_vault.secret_commands:sweep", "Purge secrets whose retention has passed"),
    Row("keyvault backup", "mlw.key_vault.vault_backups:back_up", "Write a snapshot of a key vault to a file"),
    Row("keyvault restore", "mlw.key_vault.vault_backups:restore", "Restore a key vault from a snapshot"),
    Row("backup", "mlw.archive.back_up:back_up", "Back up a whole workspace to one encrypted file"),
    Row("restore", "mlw.archive.restore:restore", "Create a workspace from a backup"),
    Row("move", "mlw.archive.move:move", "Move a stack's state to another Pulumi backend"),
    Row("studio", "mlw.studio.serve:studio", "Show workspaces on a local page"),
    Row("completion", "mlw.completion:completion", "Print the completion script for a shell"),
)


def program() -> LazyGroup:
    """Build the whole command line."""
    top = LazyGroup(PROGRAM, [row for row in COMMANDS if " " not in row.path], help=DESCRIPTION)
    top.context_settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    groups = {"": top}
    for path, summary in GROUPS.items():
        parent, _, name = path.rpartition(" ")
        rows = [row for row in COMMANDS if row.path.rpartition(" ")[0] == path]
        kind = DefaultingGroup if path == "keys" else LazyGroup
        groups[path] = kind(name, rows, help=f"{summary}.", short_help=summary)
        groups[parent].nest(groups[path])
    return click.version_option(package_name="ml-workspace", prog_name=PROGRAM, message="%(prog)s %(version)s")(top)
