"""The code of a deployment, as its file names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlw.online_endpoints.endpoint_errors import EndpointError


def code_of(document: Mapping[str, Any]) -> tuple[Path, str]:
    """The folder of a deployment's code, and its scoring script in it.

    Raises:
        EndpointError: There is no such script.
    """
    code = document["code_configuration"]
    folder, script = Path(str(code["code"])), str(code["scoring_script"])
    if not (folder / script).is_file():
        raise EndpointError(
            f"reading deployment '{document['name']}': code_configuration.scoring_script: '{folder / script}' does "
            "not exist."
        )
    return folder, script
