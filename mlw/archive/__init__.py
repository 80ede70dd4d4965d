"""Back up, restore and move whole workspaces: `mlw backup`, `mlw restore`, `mlw move`."""
