"""Parallel jobs as steps of a pipeline: over a folder of files, and over a table."""

from pathlib import Path
from typing import Any

import yaml

from tests.support.documents import ROOT
from tests.support.jobs_workspace import Mlw, data_of
from tests.support.object_store import s3_client
from tests.support.pipeline_documents import inline, pipeline
from tests.support.stacks import LiveStack

FILES = """
import os
from pathlib import Path
def run(mini_batch):
    if mini_batch[0].endswith("2.txt") and not os.path.exists("tried"):
        Path("tried").touch()
        raise ValueError("the first time")
    return [f"{os.path.basename(one)} {Path(one).read_text()}" for one in mini_batch]
"""
ROWS = """
def run(table, mini_batch_context):
    store = mini_batch_context.partition_key_value["store"]
    return table.assign(total=table["sold"].sum()).drop_duplicates("store")[["store", "total"]] if store != "c" else []
"""
MLTABLE = "paths:\n  - file: ./sales.csv\ntransformations:\n  - read_delimited:\n      delimiter: ','\n"


def _step(script: str, data: Any, environment: Any, **over: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    return {
        "type": "parallel",
        "inputs": {"data": data},
        "outputs": {"rows": {"type": "uri_file"}},
        "input_data": "${{inputs.data}}",
        "resources": {"instance_count": 2},
        "max_concurrency_per_instance": 2,
        "task": {
            "type": "run_function",
            "code": "./src",
            "entry_script": script,
            "environment": environment,
            "append_row_to": "${{outputs.rows}}",
        },
        **over,
    }


def _write(folder: Path) -> Path:
    for place, text in {
        **{f"files/{number}.txt": str(number) for number in range(5)},
        "table/MLTable": MLTABLE,
        "table/sales.csv": "store,sold\na,1\nb,2\na,3\nc,4\n",
        "src/files.py": FILES,
        "src/rows.py": ROWS,
        "conda.yml": (ROOT / "examples" / "breast-cancer" / "conda.yml").read_text(encoding="utf-8"),
    }.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")
    conda = {"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04", "conda_file": "./conda.yml"}
    jobs = {
        "files": _step("files.py", {"type": "uri_folder", "path": "./files"}, {"image": "python"}, mini_batch_size="2"),
        "rows": _step(
            "rows.py", {"type": "mltable", "path": "./table", "mode": "direct"}, conda, partition_keys=["store"]
        ),
        "both": inline(
            "cat ${{inputs.files}} ${{inputs.rows}} > ${{outputs.all}}/all",
            environment={"image": "python"},
            inputs={name: f"${{{{parent.jobs.{name}.outputs.rows}}}}" for name in ("files", "rows")},
            outputs={"all": {"type": "uri_folder"}},
        ),
    }
    file = folder / "pipeline.yml"
    file.write_text(yaml.safe_dump(pipeline(jobs, inputs={}, outputs={})), encoding="utf-8")
    return file


def test_files_and_rows_are_divided_tried_again_and_put_together(
    mlw: Mlw, jobs_stack: LiveStack, tmp_path: Path
) -> None:
    done = mlw("job", "create", "-f", str(_write(tmp_path)), "--name", "divided", "--stream")

    assert done.exit_code == 0, done.output[-2000:]
    steps = {name: data_of(mlw("job", "show", f"divided-{name}", "-o", "json")) for name in ("files", "rows", "both")}
    place = steps["both"]["outputs"]["all"]
    content = s3_client(jobs_stack.outputs).get_object(Bucket=place["container"], Key=f"{place['path']}/all")
    assert content["Body"].read().decode().splitlines() == [
        "0.txt 0", "1.txt 1", "2.txt 2", "3.txt 3", "4.txt 4", "a 4", "b 2"
    ]  # fmt: skip
    assert [steps[name]["type"] for name in steps] == ["parallel", "parallel", "command"]
    metrics = data_of(mlw("run", "show", steps["files"]["run_id"], "-o", "json"))["metrics"]
    assert (metrics["Processed MiniBatches"], metrics["Retried MiniBatches"], metrics["Processed Items"]) == (3, 1, 5)
    assert "`resources.instance_count` 2 is 1 here" in done.output
