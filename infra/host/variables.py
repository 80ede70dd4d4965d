"""Every environment variable that the project reads or sets, declared once: the reference is generated from it.

`docs/environment.md` is written by `python -m tools.docs`. A test finds the variables that the code uses and compares
them with this table, so a new one has to be declared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Who a variable is for; the value is the heading in the reference."""

    PROJECT = "Set by you: this project"
    PULUMI = "Set by you: Pulumi"
    DOCKER = "Set by you: Docker"
    NETWORK = "Set by you: proxies"
    SYSTEM = "Taken from your session"
    SET_BY_ENV = "Set by `make env`"
    SET_FOR_CLIENTS = "Set by `mlw run` and `mlw env`"
    INTERNAL = "Internal: set by the project for its own processes"
    TESTS = "Tests"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One environment variable.

    Attributes:
        default: What holds when it is not set; empty where the meaning says it.
        doc: One or two sentences for the reference.
    """

    name: str
    group: Group
    default: str = ""
    doc: str


def _table(group: Group, *rows: tuple[str, str, str]) -> list[Variable]:
    return [Variable(name=name, group=group, default=default, doc=doc) for name, default, doc in rows]


VARIABLES: tuple[Variable, ...] = (
    *_table(
        Group.PROJECT,
        ("MLW_HOME", "`~/.local/share/ml-workspace`", "Folder for state, passphrase and port claims. Back it up."),
        ("MLW_CACHE", "`~/.cache/ml-workspace`", "Folder for tools and build results. It can be deleted."),
        (
            "MLW_IMAGE_REGISTRY",
            "`imageRegistry` of the stack",
            "Mirror to get service images from, `host[:port][/path]`.",
        ),
        ("MLW_LOCK_WAIT_SECONDS", "`120`", "How long to wait for another command that works on the same stack."),
        ("MLW_ARCHIVE_PASSPHRASE", "asked for on a terminal", "Passphrase of `mlw backup` and `mlw restore`."),
        ("MLW_ARCHIVE_PASSPHRASE_FILE", "", "File that contains the passphrase instead."),
        ("MLW_RATES", "`stacks/rates.yaml`", "Rate card of `mlw cost`."),
        (
            "MLW_CORRELATION_ID",
            "a new one for each run",
            "Correlation id of the events in the activity log, 1-64 characters of `A-Z a-z 0-9 . _ -`.",
        ),
        ("OTEL_SDK_DISABLED", "", "`true`: `make up` sends no [trace](telemetry.md#traces-of-make-up) of itself."),
        ("TRACEPARENT", "", "W3C trace context that the trace of `make up` continues."),
        (
            "MLW_SSH_CONFIG",
            "`~/.ssh/config`",
            "Configuration file of OpenSSH for the machines of [attached engines](computes.md#attached-engines).",
        ),
        ("MLW_DEBUG", "off", "Any value shows the Pulumi SDK's debug messages. They contain outputs in plain text."),
        ("MLW_GUARD", "`on`", "`off` skips the recovery that a plain `pulumi` command runs after a killed run."),
        ("EVENTS", "", "File for events of `make up` and `make down` as JSON lines; `-` is standard output."),
        ("STACK", "`dev`", "Stack of `make up`, `make down` and the other targets that work on a stack."),
    ),
    *_table(
        Group.PULUMI,
        ("PULUMI_BACKEND_URL", "`file://$MLW_HOME/state`", "Where states are stored."),
        ("PULUMI_CONFIG_PASSPHRASE", "", "Passphrase of the secrets in states and stack files."),
        ("PULUMI_CONFIG_PASSPHRASE_FILE", "`$MLW_HOME/passphrase`", "File that contains the passphrase instead."),
        ("PULUMI_STACK", "", "Stack of a plain `pulumi` command without `-s`."),
        ("PULUMI_PARALLEL", "`64`", "Resource operations that run at the same time."),
        ("PULUMI_OPTION_STACK", "", "Same as `--stack`. Every option of the Pulumi CLI can be set this way."),
        ("PULUMI_OPTION_CWD", "", "Same as `--cwd`."),
        ("PULUMI_CONTINUE_ON_ERROR", "", "Same as `--continue-on-error`; not together with `--run-program`."),
        ("PULUMI_OPTION_CONTINUE_ON_ERROR", "", "Same as `PULUMI_CONTINUE_ON_ERROR`."),
        ("PULUMI_RUN_PROGRAM", "", "Same as `--run-program`."),
        ("PULUMI_OPTION_RUN_PROGRAM", "", "Same as `PULUMI_RUN_PROGRAM`."),
    ),
    *_table(
        Group.DOCKER,
        ("DOCKER_HOST", "the current context, else the local socket", "Address of the Docker engine."),
        ("DOCKER_CONTEXT", "the context chosen by `docker context use`", "Docker context to use."),
        ("DOCKER_TLS_VERIFY", "", "Any value: connect to the engine over TLS."),
        ("DOCKER_CERT_PATH", "", "Folder with the certificates for that."),
        ("DOCKER_CONFIG", "`~/.docker`", "Folder with Docker's contexts and logins."),
    ),
    *_table(
        Group.NETWORK,
        ("http_proxy", "", "Proxy for HTTP; also `https_proxy`, `all_proxy`, `grpc_proxy`, in lower or upper case."),
        ("no_proxy", "", "Hosts that are reached directly. Loopback and the engine's host are always added."),
        ("no_grpc_proxy", "", "The same for gRPC, where it is set."),
    ),
    *_table(
        Group.SYSTEM,
        ("HOME", "from the user database", "Home folder."),
        ("USER", "from the user database", "User name, recorded in labels and locks."),
        ("SSH_AUTH_SOCK", "", "Agent with the keys for the machines of attached engines."),
        ("PATH", "the system's default", "Where programs are looked up."),
        ("BROWSER", "the desktop's", "Program with which `mlw open` shows an address."),
        ("DISPLAY", "", "Set on a desktop, also `WAYLAND_DISPLAY`: `mlw open` starts a browser only there."),
        ("WAYLAND_DISPLAY", "", "The same for Wayland."),
        ("PWD", "", "Working directory, named in an error when it was removed."),
        ("XDG_DATA_HOME", "`~/.local/share`", "Parent folder of `MLW_HOME` if that is not set."),
        ("XDG_CACHE_HOME", "`~/.cache`", "Parent folder of `MLW_CACHE` if that is not set."),
    ),
    *_table(
        Group.SET_BY_ENV,
        ("PULUMI_HOME", "`$MLW_CACHE/pulumi-home`", "Pulumi's plugins and logins."),
        ("PULUMI_OPTION_POLICY_PACK", "`policies/` of the checkout", "Loads the policy pack in every run."),
        ("PULUMI_SKIP_UPDATE_CHECK", "`true`", "No request for newer versions."),
        ("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "`true`", "No download of plugins."),
        ("PULUMI_IGNORE_AMBIENT_PLUGINS", "`true`", "No plugins from `PATH`."),
        ("PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER", "`true`", "Secrets of stack files use the state's key."),
        ("PYTHONDONTWRITEBYTECODE", "empty", "Python caches compiled modules."),
        ("GOGC", "`400`", "Memory setting of the Pulumi CLI's Go runtime; set by the `pulumi` of `make env`."),
    ),
    *_table(
        Group.SET_FOR_CLIENTS,
        ("AWS_ENDPOINT_URL_S3", "`endpoints.storage`", "The storage account, for boto3 and the AWS SDKs."),
        ("AWS_ACCESS_KEY_ID", "`credentials.storage.accessKey`", "Access key."),
        ("AWS_SECRET_ACCESS_KEY", "`credentials.storage.secretKey`", "Secret key."),
        ("AWS_REGION", "`us-east-1`", "Region; `AWS_DEFAULT_REGION` is the same."),
        ("AWS_DEFAULT_REGION", "`us-east-1`", "Region, as boto3 reads it."),
        ("MLFLOW_S3_ENDPOINT_URL", "`endpoints.storage`", "The storage account, for MLflow."),
        ("MLFLOW_TRACKING_URI", "`endpoints.tracking`", "MLflow, if the workspace has tracking; like the next three."),
        ("MLFLOW_TRACKING_USERNAME", "`credentials.tracking.username`", "User name."),
        ("MLFLOW_TRACKING_PASSWORD", "`credentials.tracking.password`", "Password."),
        ("MLFLOW_TRACKING_SERVER_CERT_PATH", "CA certificates of the endpoints", "With TLS only."),
        (
            "MLFLOW_RUN_CONTEXT",
            "git facts and the snapshot",
            "Tags of every run; set by `mlw run`, with your own kept.",
        ),
        ("MLFLOW_EXPERIMENT_NAME", "`--experiment-name`", "Set by `mlw run` with this option."),
        ("MINIO_ENDPOINT", "`endpoints.storage` without `http://`", "The storage account, for `minio.Minio(...)`."),
        ("MINIO_SECURE", "`true` or `false`", "Whether it has TLS."),
        ("MINIO_ACCESS_KEY", "`credentials.storage.accessKey`", "Access key, for minio's `EnvMinioProvider`."),
        ("MINIO_SECRET_KEY", "`credentials.storage.secretKey`", "Secret key."),
        ("VAULT_ADDR", "`endpoints.keyVault`", "The key vault, for hvac and `vault`."),
        ("VAULT_TOKEN", "`credentials.keyVault.token`", "Token; a principal's is valid for an hour and renewable."),
        ("MLW_REGISTRY_HOST", "`endpoints.registry`", "The registry; the read-only one if a principal can only pull."),
        ("MLW_REGISTRY_URL", "the same with `http://` or `https://`", "The registry's HTTP API."),
        ("MLW_REGISTRY_USERNAME", "`credentials.registry.username`", "User name."),
        ("MLW_REGISTRY_PASSWORD", "`credentials.registry.password`", "Password."),
        (
            "DOCKER_AUTH_CONFIG",
            "login at the registry",
            "Read by `docker` 28.3 and newer; older ones need `docker login`.",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "`endpoints.otlpHttp`", "Application insights, for OpenTelemetry SDKs."),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "`http/protobuf`", "Protocol of that endpoint."),
        ("OTEL_EXPORTER_OTLP_HEADERS", "`authorization=Bearer%20...`", "`credentials.telemetry.token` as a header."),
        ("OTEL_SERVICE_NAME", "name of the command", "Name in telemetry; a value that you set is kept."),
        (
            "MLW_INSIGHTS_ENDPOINT",
            "`endpoints.insights`",
            "Queries of telemetry.",
        ),
        ("MLW_INSIGHTS_TOKEN", "`credentials.insights.token`", "Token for queries."),
        ("AWS_CA_BUNDLE", "CA certificates of the endpoints", "With TLS only; the same file as the next two."),
        ("VAULT_CACERT", "CA certificates of the endpoints", "With TLS only."),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "CA certificates of the endpoints", "With TLS only."),
        ("SSL_CERT_FILE", "the same and the machine's", "With TLS only, for minio and others; like the next two."),
        ("REQUESTS_CA_BUNDLE", "the same and the machine's", "With TLS only."),
        ("CURL_CA_BUNDLE", "the same and the machine's", "With TLS only."),
    ),
    *_table(
        Group.INTERNAL,
        ("MLW_ROTATE", "", "Credentials that an update replaces; set by `mlw keys rotate`."),
        ("MLW_PURGE", "", "Stack whose soft-deleted data may be removed; set by `mlw deleted purge`."),
        ("MLW_RUN", "", "Marks the processes of a run, so that a later run can find them."),
        ("MLW_TRACE", "", "Trace of a run, and the file to which its processes write their spans."),
        ("PULUMI_OPTION_EXEC_AGENT", "", "Id of a run, which Pulumi records for the activity log."),
        ("MLW_FILES", "", "Digest of a container's configuration files, so that a change restarts the container."),
    ),
    *_table(
        Group.TESTS,
        ("KEEP_STACK", "", "`1` keeps a test's stack."),
        ("HYPOTHESIS_PROFILE", "`project`", "`search` looks for new examples in property-based tests."),
    ),
)
