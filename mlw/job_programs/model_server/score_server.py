"""Azure's inference server, with requests and responses recorded.

    python .../score_server.py ARGUMENTS

A file, not a module: a scoring script has the program's folder on its path neither way.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

_SERVER = "azureml_inference_server_http"


def main() -> None:
    """Record what Flask serves, in this process and those that it forks, and start the server."""
    import flask  # noqa: PLC0415 - the environment's own

    sys.path[0] = str(Path(__file__).parents[3])
    from mlw.job_programs.model_server.recorded_wsgi import recorded  # noqa: PLC0415 - from the folder of the line before
    from mlw.job_programs.model_server.request_recorder import Recorder  # noqa: PLC0415 - likewise

    sys.path[0] = os.getcwd()  # noqa: PTH109 - as for a module
    recorder, serve = Recorder.of_environment(), flask.Flask.wsgi_app
    if recorder:

        def wsgi_app(self: Any, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - Flask's own
            return recorded(lambda *given: serve(self, *given), recorder, environ, start_response)

        flask.Flask.wsgi_app = wsgi_app
    runpy.run_module(_SERVER, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
