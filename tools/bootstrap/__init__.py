"""Makes a bare machine ready: Docker engine, Pulumi and its plugins, images, Python environment, state backend.

Runs before the project's environment exists, hence on Python's standard library alone. Everything it makes lies outside
the repository (`MLW_CACHE`, `MLW_HOME`) or in `.venv`, and can be made again: every step first looks whether its result
is there. Started as `python3 -m tools.bootstrap <command>`; see the README beside this file.
"""
