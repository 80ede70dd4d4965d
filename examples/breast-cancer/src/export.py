"""Write the table that comes with scikit-learn as two tables: thirty measures of a cell, and whether it is benign."""

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

MLTABLE = """\
paths:
  - file: ./data.csv
transformations:
  - read_delimited:
      delimiter: ","
      encoding: utf8
      header: all_files_same_headers
"""

table = load_breast_cancer(as_frame=True).frame
divided = train_test_split(table, test_size=0.2, random_state=1, stratify=table["target"])
for folder, part in zip(map(Path, sys.argv[1:]), divided, strict=True):
    part.to_csv(folder / "data.csv", index=False)
    (folder / "MLTable").write_text(MLTABLE, encoding="utf-8")
