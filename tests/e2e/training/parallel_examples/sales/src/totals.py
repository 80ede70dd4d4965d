"""Sums what each store has sold of each brand."""

import argparse
import os
from pathlib import Path
from typing import Any

PARSER = argparse.ArgumentParser(allow_abbrev=False)
PARSER.add_argument("--drop_column")
PARSER.add_argument("--output_dir", type=Path)
ARGUMENTS = argparse.Namespace()


def init() -> None:
    PARSER.parse_known_args(namespace=ARGUMENTS)


def run(table: Any, mini_batch_context: Any) -> Any:  # noqa: ANN401 - data frames
    keys = mini_batch_context.partition_key_value
    left = table.drop(columns=ARGUMENTS.drop_column)
    left.to_csv(ARGUMENTS.output_dir / f"{keys['store']}-{keys['brand']}.csv", index=False)
    return left.assign(total=left["sold"].sum(), example=os.environ["AZUREML_PARALLEL_EXAMPLE"])
