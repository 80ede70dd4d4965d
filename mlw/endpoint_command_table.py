"""The rows of the table of commands for endpoints and their deployments."""

from __future__ import annotations

from mlw.lazy_group import Row

_BATCH = "mlw.batch_endpoints.batch_endpoint_commands"
_BATCH_DEPLOYMENT = "mlw.batch_endpoints.batch_deployment_commands"
_ENDPOINT, _DEPLOYMENT = "mlw.online_endpoints.endpoint_commands", "mlw.online_endpoints.deployment_commands"

ENDPOINT_COMMANDS: tuple[Row, ...] = (
    Row(
        "online-endpoint create",
        f"{_ENDPOINT}:create",
        "Create an online endpoint: an address with keys, behind which deployments serve models",
    ),
    Row("online-endpoint update", f"{_ENDPOINT}:update", "Change an online endpoint: traffic, texts, tags"),
    Row("online-endpoint show", f"{_ENDPOINT}:show", "Show an online endpoint: address, traffic, tags"),
    Row("online-endpoint list", f"{_ENDPOINT}:list_endpoints", "List the online endpoints of a workspace"),
    Row("online-endpoint delete", f"{_ENDPOINT}:delete", "Delete an online endpoint with its deployments and keys"),
    Row("online-endpoint get-credentials", f"{_ENDPOINT}:get_credentials", "Print the keys of an online endpoint"),
    Row("online-endpoint regenerate-keys", f"{_ENDPOINT}:regenerate_keys", "Replace one key of an online endpoint"),
    Row(
        "online-endpoint invoke",
        f"{_ENDPOINT}:invoke",
        "Send a request to an online endpoint, with its primary key, and print the response",
    ),
    Row(
        "online-deployment create",
        f"{_DEPLOYMENT}:create",
        "Create a deployment of an online endpoint, and wait until it is ready",
    ),
    Row("online-deployment update", f"{_DEPLOYMENT}:update", "Change a deployment without a request that fails"),
    Row("online-deployment show", f"{_DEPLOYMENT}:show", "Show a deployment: state, instances, model, code, image"),
    Row("online-deployment list", f"{_DEPLOYMENT}:list_deployments", "List the deployments of an online endpoint"),
    Row("online-deployment delete", f"{_DEPLOYMENT}:delete", "Delete a deployment that has no traffic"),
    Row(
        "online-deployment get-logs",
        f"{_DEPLOYMENT}:get_logs",
        "Print the last lines that the instances of a deployment have written",
    ),
    Row("online-deployment scale", f"{_DEPLOYMENT}:scale", "Change the number of instances of a deployment"),
    Row(
        "batch-endpoint create",
        f"{_BATCH}:create",
        "Create a batch endpoint: a name behind which deployments score files",
    ),
    Row("batch-endpoint update", f"{_BATCH}:update", "Change a batch endpoint: its default deployment, texts, tags"),
    Row("batch-endpoint show", f"{_BATCH}:show", "Show a batch endpoint: its default deployment, tags"),
    Row("batch-endpoint list", f"{_BATCH}:list_endpoints", "List the batch endpoints of a workspace"),
    Row("batch-endpoint delete", f"{_BATCH}:delete", "Delete a batch endpoint with its deployments"),
    Row(
        "batch-endpoint invoke",
        f"{_BATCH}:invoke",
        "Invoke a batch endpoint: submit a job that scores all files of a folder, and print it",
    ),
    Row(
        "batch-endpoint list-jobs", f"{_BATCH}:list_jobs", "List the jobs of a batch endpoint, the last submitted first"
    ),
    Row(
        "batch-deployment create",
        f"{_BATCH_DEPLOYMENT}:create",
        "Create a deployment of a batch endpoint: a model and how its jobs score files",
    ),
    Row(
        "batch-deployment update",
        f"{_BATCH_DEPLOYMENT}:update",
        "Change a deployment of a batch endpoint; jobs that were submitted stay as they are",
    ),
    Row(
        "batch-deployment show",
        f"{_BATCH_DEPLOYMENT}:show",
        "Show a deployment of a batch endpoint: model, code, compute, settings",
    ),
    Row(
        "batch-deployment list",
        f"{_BATCH_DEPLOYMENT}:list_deployments",
        "List the deployments of a batch endpoint",
    ),
    Row(
        "batch-deployment delete",
        f"{_BATCH_DEPLOYMENT}:delete",
        "Delete a deployment that is not the default one of its batch endpoint; its jobs are kept",
    ),
    Row(
        "batch-deployment list-jobs",
        f"{_BATCH_DEPLOYMENT}:list_jobs",
        "List the jobs of a deployment, the last submitted first",
    ),
)
