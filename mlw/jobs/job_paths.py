"""Where things are: in a job's container, and in the storage account, both as in Azure."""

from __future__ import annotations

from mlw.jobs.command_jobs import BlobLocation, CommandJob, JobInput, JobOutput

MOUNT = "/mnt/azureml"
"""Where the volume of a job is mounted."""

CONTROL = ".job"
"""Folder of the volume with the files that start the command."""

VARIABLES, COMMAND, START = (f"{CONTROL}/{name}" for name in ("variables", "command", "start"))
PROGRAM = f"{CONTROL}/program"
"""Folder of the volume with the program of this project that the command runs."""
VAULT_TOKEN = f"{CONTROL}/vault-token"
"""The token of the variables, for the runner: it extends it while the command runs, also after a restart."""

DEFAULT_FOLDERS = ("outputs", "logs")
"""Folders in the command's working folder that are kept as default artifacts."""

LOG = "user_logs/std_log.txt"
_DATA = "cap/data-capability/wd"


def working_folder(job: str) -> str:
    """The folder that the command starts in, below the mount."""
    return f"cr/j/{job}/exe/wd"


def input_folder(job: str, name: str) -> str:
    """The folder of an input, below the mount."""
    return f"cr/j/{job}/{_DATA}/INPUT_{name}"


def output_folder(job: str, name: str) -> str:
    """The folder of an output, below the mount."""
    return f"cr/j/{job}/{_DATA}/{name}"


def input_value(job: str, name: str, given: JobInput) -> str | None:
    """What the command sees for an input: its value, or its path; None if it is optional and missing."""
    if given.location is None:
        return given.value if given.type else None
    path = f"{MOUNT}/{input_folder(job, name)}"
    return path if given.location.is_folder else f"{path}/{given.location.name.rpartition('/')[2]}"


def output_path(job: str, name: str, wanted: JobOutput) -> str:
    """What the command sees for an output: a folder that exists, or the path of a file in one."""
    return f"{MOUNT}/{output_folder(job, name)}{f'/{file_of(name, wanted)}' if wanted.type == 'uri_file' else ''}"


def file_of(name: str, wanted: JobOutput) -> str:
    """Name of the file of an output that is one."""
    return wanted.location.name.rpartition("/")[2] if wanted.location else name


def output_location(job: CommandJob, name: str, blob_container: str) -> BlobLocation:
    """Where an output is stored.

    Args:
        job: The job.
        name: Name of the output.
        blob_container: Container of the default blob store.
    """
    wanted = job.outputs[name]
    if wanted.location:
        return wanted.location
    folder = default_output(job.name, name)
    is_file = wanted.type == "uri_file"
    return BlobLocation(container=blob_container, name=f"{folder}/{name}" if is_file else folder, is_folder=not is_file)


def default_output(job: str, name: str) -> str:
    """Folder of an output without a path, in the container of the default blob store."""
    return f"azureml/{job}/{name}"


def artifacts(job: str) -> str:
    """Folder of the default artifacts, in the container of the artifact store."""
    return f"ExperimentRun/dcid.{job}"


def artifact(job: str, name: str) -> str:
    """Name of the blob of a default artifact, in the container of the artifact store."""
    return f"{artifacts(job)}/{name}"
