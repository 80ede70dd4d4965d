"""The life cycle of a stack: up, down, preview, refresh, recovery after a crash, benchmark.

Runs inside the project's Python environment, after the bootstrap: `python -m mlw.lifecycle up --stack dev`.

    __main__ -> commands (up, down, ...) -> recovery -> locks, state, objects, pulumi -> context -> errors

It drives the `pulumi` command and finds objects on the engine by labels; `infra` defines what a workspace consists of.
"""
