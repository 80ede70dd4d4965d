"""Entry of the Pulumi program; a folder in `main:` would become the working directory (docs/adr/0001)."""

from infra.program import main

main()
