"""A whole workspace as one file, and its state in another backend: `mlw backup`, `mlw restore`, `mlw move`."""
