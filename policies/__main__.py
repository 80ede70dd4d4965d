"""Start the policy pack; the engine runs this folder as a separate program."""

import sys
from pathlib import Path

# The engine starts this file by its path, so the repository is not on the module path unless the project is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policies.pack import serve

serve()
