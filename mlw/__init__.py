"""The command line for operators and data scientists: one package for each group of commands.

Each command is a thin layer over the library that does the work. `mlw` imports `infra`, never the reverse.
"""
