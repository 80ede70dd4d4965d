"""Jobs of a workspace: records, the queue of each compute, and the runner that carries them out in containers."""
