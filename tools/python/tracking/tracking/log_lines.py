"""The log: one JSON object a line on standard error, from this package, MLflow and the server alike."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class JsonLines(logging.Formatter):
    """A record as one line; what `extra` adds becomes a key of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line feed in it whatever was logged."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD and key != "color_message"}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def start() -> None:
    """Send every logger's records to standard error; what libraries warn of in their own future is left out."""
    logging.captureWarnings(capture=True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for talkative in ("alembic", "httpx", "urllib3"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
