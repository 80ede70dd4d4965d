"""Names flowers by the length of their petals."""

import argparse
import json
from pathlib import Path
from typing import Any

LIMITS: dict[str, float] = {}


def init() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model", type=Path)
    arguments, _ = parser.parse_known_args()
    LIMITS.update(json.loads(arguments.model.read_text()))


def run(mini_batch: Any) -> Any:  # noqa: ANN401 - data frames
    names = [next(name for name, most in LIMITS.items() if one < most) for one in mini_batch["petal_length"]]
    return mini_batch.assign(name=names)
