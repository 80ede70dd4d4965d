"""The rows of the table of commands for online endpoints and their deployments."""

from __future__ import annotations

from mlw.lazy_group import Row

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
)
