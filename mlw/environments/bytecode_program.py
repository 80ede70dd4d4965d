"""Compiles groups of Python files; run by the interpreter of the image that they are for, never imported.

Standard input has the groups: lists of pairs, a file here and its name in the image. Each group is compiled by a child
that starts from the same state, because what an interpreter compiled before influences the bytes of a file.
"""

import json
import os
import sys
from py_compile import PycInvalidationMode, compile

groups = json.load(sys.stdin)
limit = os.cpu_count() or 1
running = 0
failed = 0
for group in groups:
    if running >= limit:
        failed += os.wait()[1]
        running -= 1
    if os.fork() == 0:
        for here, name in group:
            # A file that is not valid Python, such as a template, is left as it is.
            compile(here, dfile=name, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        os._exit(0)
    running += 1
while running:
    failed += os.wait()[1]
    running -= 1
sys.exit(bool(failed))
