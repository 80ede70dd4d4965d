"""Entry point of `python -m mlw`."""

import sys

from mlw.main import main

sys.exit(main())
