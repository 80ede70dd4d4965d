"""Data of jobs: an asset, a local file and a path in a datastore go in; assets and files come out, with lineage."""

from pathlib import Path

from tests.support.jobs_workspace import Mlw, data_of
from tests.support.object_store import s3_client
from tests.support.stacks import LiveStack
from tests.support.tracking import TrackingClient

JOB = """$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
command: >-
  cp -r "${{{{inputs.folder}}}}/." ${{{{outputs.copy}}}}/ && cat "${{{{inputs.file}}}}" ${{{{inputs.stored}}}}/a.txt >
  ${{{{outputs.text}}}}
environment: {{image: "library/python:latest"}}
inputs:
  folder: {{type: uri_folder, path: "azureml:{name}@latest"}}
  file: {{type: uri_file, path: "./my data/sub/übung.csv"}}
  stored: {{type: uri_folder, path: "azureml://datastores/workspaceblobstore/paths/{name}/"}}
outputs:
  copy: {{type: uri_folder, name: "{name}-copy"}}
  text: {{type: uri_file, path: "azureml://datastores/${{{{default_datastore}}}}/paths/{name}/out/${{{{name}}}}.txt"}}
compute: azureml:cpu-cluster
"""


def test_data_goes_in_and_comes_out_with_lineage(mlw: Mlw, project: Path, jobs_stack: LiveStack, marker: str) -> None:
    client = s3_client(jobs_stack.outputs)
    container = next(
        one["container"] for one in jobs_stack.outputs["datastores"] if one["name"] == "workspaceblobstore"
    )
    client.put_object(Bucket=container, Key=f"{marker}/a.txt", Body=b"stored\n")
    mlw("data", "create", "--name", marker, "--path", str(project / "my data"), "--type", "uri_folder").check()
    file = project / "job.yml"
    file.write_text(JOB.format(name=marker), encoding="utf-8")

    mlw("job", "create", "--file", str(file), "--name", f"{marker}-job", "--stream", principal="data-scientist").check()

    job = data_of(mlw("job", "show", "--name", f"{marker}-job", "-o", "json"))
    used = data_of(mlw("data", "show", "--name", marker, "-o", "json"))["jobs"]
    made = data_of(mlw("data", "show", "--name", f"{marker}-copy", "-o", "json"))
    run = TrackingClient.of(jobs_stack.outputs).call("GET", f"runs/get?run_id={job['run_id']}")["run"]
    tags = {one["key"]: one["value"] for one in run["data"]["tags"]}
    text = client.get_object(Bucket=container, Key=f"{marker}/out/{marker}-job.txt")["Body"].read()
    copied = client.list_objects_v2(Bucket=container, Prefix=f"azureml/{marker}-job/copy/")["Contents"]

    assert (job["status"], text) == ("Completed", b"1,2\nstored\n")
    assert [one["Key"].rpartition("/copy/")[2] for one in copied] == ["sub/übung.csv"]
    assert [(one["job"], one["direction"], one["name"]) for one in used] == [(f"{marker}-job", "input", "folder")]
    assert [(one["job"], one["direction"], one["run"]) for one in made["jobs"]] == [
        (f"{marker}-job", "output", job["run_id"])
    ]
    assert (tags["azureml.input.folder"], tags["azureml.output.copy"]) == (
        f"azureml:{marker}:1",
        f"azureml:{marker}-copy:1",
    )
