"""Makes a bare machine ready: Docker engine, Pulumi and its plugins, images, Python environment, state backend.

It runs before the project's environment exists, so it uses Python's standard library only. Everything it creates is
outside the repository (`MLW_CACHE`, `MLW_HOME`) or in `.venv` and can be created again: every step first checks whether
its result exists. Run it as `python3 -m tools.bootstrap <command>`; see the README in this folder.
"""
