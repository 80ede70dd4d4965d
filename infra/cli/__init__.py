"""The console script `mlw`: one module per group of commands, each a thin layer over the library that does the work.

A composition root beside `infra.program`: it alone inside `infra` may use `policies` and `tools`.
"""
