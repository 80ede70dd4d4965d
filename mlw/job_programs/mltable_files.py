"""Reads Azure's tables: a folder with a file `MLTable` that says which files it is and how they are read.

Needs pandas, and PyYAML, of the environment. A folder without such a file is a table of its CSV or Parquet files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlw.job_programs.program_errors import ProgramMistakeError

NAME = "mltable"
_SUFFIXES = {
    ".csv": "read_delimited",
    ".tsv": "read_delimited",
    ".parquet": "read_parquet",
    ".jsonl": "read_json_lines",
}
_ENCODINGS = {"utf8": "utf-8", "utf8bom": "utf-8-sig", "iso88591": "iso-8859-1", "latin1": "iso-8859-1"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
READERS = ("read_delimited", "read_parquet", "read_json_lines")
CHANGES = ("keep_columns", "drop_columns", "convert_column_types", "skip", "take", "take_random_sample")


def definition_of(folder: Path) -> Mapping[str, Any] | None:
    """The content of the file; None if there is none. Its name may have any case."""
    found = next((one for one in folder.iterdir() if one.name.lower() == NAME), None) if folder.is_dir() else None
    if found is None:
        return None
    try:
        import yaml  # noqa: PLC0415 - of the environment
    except ImportError:
        raise ProgramMistakeError(
            f"reading '{found}': the environment has no PyYAML. Add `pyyaml` to its packages."
        ) from None
    try:
        read = yaml.safe_load(found.read_text(encoding="utf-8-sig"))
    except (ValueError, yaml.YAMLError) as exc:
        raise ProgramMistakeError(f"reading '{found}': not YAML: {' '.join(str(exc).split())}.") from exc
    if not isinstance(read, Mapping):
        raise ProgramMistakeError(f"reading '{found}': not a mapping of keys to values; it needs `paths`.")
    return read


def files_of(folder: Path) -> list[Path]:
    """The files of a table."""
    definition = definition_of(folder)
    if definition is None:
        names = [folder] if folder.is_file() else sorted(one for one in folder.rglob("*") if one.is_file())
        return [one for one in names if one.suffix in _SUFFIXES] or names
    found = [file for one in definition.get("paths") or () for file in _files(folder, one)]
    if not found:
        raise ProgramMistakeError(
            f"reading the table in '{folder}': its `paths` name no file: {definition.get('paths')!r}."
        )
    return found


def read(folder: Path) -> Any:  # noqa: ANN401 - a data frame of pandas
    """The whole table as a data frame.

    Raises:
        ProgramMistakeError: It cannot be read; the message says why.
    """
    import pandas as pd  # noqa: PLC0415 - of the environment

    definition, files = definition_of(folder), files_of(folder)
    steps = _steps(definition, files, folder)
    reader, options = steps[0]
    frames = list(_frames(files, reader, options))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    for name, given in steps[1:]:
        frame = _changed(frame, name, given, folder)
    return frame


def _steps(definition: Mapping[str, Any] | None, files: Sequence[Path], folder: Path) -> list[tuple[str, Any]]:
    """The reader, and what is done after it."""
    steps: list[tuple[str, Any]] = []
    for one in (definition or {}).get("transformations") or ():
        steps += [(str(name), given) for name, given in one.items()] if isinstance(one, Mapping) else [(str(one), {})]
    if wrong := sorted({name for name, _ in steps} - {*READERS, *CHANGES}):
        raise ProgramMistakeError(
            f"reading the table in '{folder}': the transformation '{wrong[0]}' is not supported; allowed: "
            f"{', '.join((*READERS, *CHANGES))}. Store the table in the form that it should have."
        )
    if not steps or steps[0][0] not in READERS:
        steps.insert(0, (_SUFFIXES.get(files[0].suffix, "read_delimited"), {}))
    return steps


def _files(folder: Path, entry: object) -> Iterator[Path]:
    """Files of one entry of `paths`."""
    if not isinstance(entry, Mapping) or not entry:
        raise ProgramMistakeError(f"reading the table in '{folder}': {entry!r} of `paths` is not `file: NAME`.")
    kind, name = next(iter(entry.items()))
    if _SCHEME.match(str(name)):
        raise ProgramMistakeError(
            f"reading the table in '{folder}': '{name}' is outside of the table's folder. Copy the file to it, and "
            "name it as ./FILE."
        )
    path = folder / str(name)
    if kind == "folder":
        yield from sorted(one for one in path.rglob("*") if one.is_file())
    elif kind == "pattern":
        yield from sorted(one for one in folder.glob(str(name).removeprefix("./")) if one.is_file())
    elif not path.is_file():
        raise ProgramMistakeError(f"reading the table in '{folder}': it has no file '{name}'.")
    else:
        yield path


def _frames(files: Sequence[Path], reader: str, options: Any) -> Iterator[Any]:  # noqa: ANN401 - of YAML
    import pandas as pd  # noqa: PLC0415 - of the environment

    for place, file in enumerate(files):
        try:
            if reader == "read_parquet":
                yield pd.read_parquet(file)
            elif reader == "read_json_lines":
                yield pd.read_json(file, lines=True)
            else:
                yield _delimited(file, options or {}, is_first=place == 0)
        except (ValueError, ImportError) as exc:
            raise ProgramMistakeError(f"reading '{file}' ({reader}): {' '.join(str(exc).split())}") from exc


def _delimited(file: Path, options: Mapping[str, Any], *, is_first: bool) -> Any:  # noqa: ANN401 - a data frame
    import pandas as pd  # noqa: PLC0415 - of the environment

    header = str(options.get("header", "all_files_same_headers")).lower()
    has_header = header in {"all_files_same_headers", "all_files_different_headers", "true"} or (
        header == "from_first_file" and is_first
    )
    encoding = str(options.get("encoding") or "utf8")
    separator = options.get("delimiter") or options.get("separator") or ("\t" if file.suffix == ".tsv" else ",")
    frame = pd.read_csv(
        file,
        sep=str(separator).replace("\\t", "\t"),
        encoding=_ENCODINGS.get(encoding, encoding),
        header=0 if has_header else None,
        comment=options.get("comment") or None,
        keep_default_na=not options.get("empty_as_string"),
    )
    return frame if has_header else frame.rename(columns={name: f"Column{name + 1}" for name in frame.columns})


def _changed(frame: Any, name: str, given: Any, folder: Path) -> Any:  # noqa: ANN401 - a data frame, YAML
    if name in {"keep_columns", "drop_columns"}:
        wanted = [given] if isinstance(given, str) else list(given)
        if absent := [one for one in wanted if one not in frame.columns]:
            raise ProgramMistakeError(
                f"reading the table in '{folder}': {name} names the column '{absent[0]}'; columns: "
                f"{', '.join(map(str, frame.columns))}."
            )
        return frame[wanted] if name == "keep_columns" else frame.drop(columns=wanted)
    if name == "convert_column_types":
        return _converted(frame, given)
    if name == "take_random_sample":
        options = given or {}
        return frame.sample(frac=float(options.get("probability", 1)), random_state=options.get("seed"))
    count = int(given.get("count", 0)) if isinstance(given, Mapping) else int(given)
    return frame.iloc[count:] if name == "skip" else frame.iloc[:count]


def _converted(frame: Any, given: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - a data frame
    import pandas as pd  # noqa: PLC0415 - of the environment

    for one in given:
        columns = [one["columns"]] if isinstance(one["columns"], str) else list(one["columns"])
        wanted = one["column_type"]
        type_ = str(next(iter(wanted)) if isinstance(wanted, Mapping) else wanted).lower()
        for column in columns:
            if type_ == "datetime":
                frame[column] = pd.to_datetime(frame[column], errors="coerce")
            elif type_ in {"float", "int"}:
                numbers = pd.to_numeric(frame[column], errors="coerce")
                frame[column] = numbers.astype("Int64") if type_ == "int" else numbers
            elif type_ in {"string", "boolean"}:
                frame[column] = frame[column].astype("string" if type_ == "string" else "boolean")
    return frame
