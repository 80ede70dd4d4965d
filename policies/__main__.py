"""Starts the policy pack; the engine runs this folder as a program of its own."""

import sys
from pathlib import Path

# The engine starts this file by its path: without an installed project, the repository is not on the module path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policies.pack import serve

serve()
